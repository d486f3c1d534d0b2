/**
 * Finds the bodies of functions in scanned code. A body is a brace that follows a parameter list
 * (and perhaps a return type), or an arrow. Braces of statements, classes, objects and types are
 * told apart by the word before the parenthesis and by what may follow a type.
 */
import { lineAt } from './scan.ts';

export interface FunctionSite {
  readonly name: string;
  readonly firstLine: number;
  readonly lines: number;
}

const STATEMENTS = /\b(?:if|for|for\s+await|while|switch|catch|with)\s*$/;
const CLOSING: Readonly<Record<string, string>> = { '(': ')', '[': ']', '{': '}' };

/** `code` as `scan` gives it. Nested functions are found as well. */
export function findFunctions(code: string): FunctionSite[] {
  const found: FunctionSite[] = [];
  for (let at = 0; at < code.length; at += 1) {
    const site = code[at] === '(' ? afterParameters(code, at) : afterBareArrow(code, at);
    if (site !== undefined) found.push(site);
  }
  return found;
}

/** `(...) {`, `(...): Type {`, `(...) => {` or `(...): Type => {`, parenthesis at `open`. */
function afterParameters(code: string, open: number): FunctionSite | undefined {
  if (STATEMENTS.test(code.slice(Math.max(0, open - 20), open))) return undefined;
  const close = findClosing(code, open);
  if (close < 0) return undefined;
  let at = skipSpace(code, close + 1);
  if (code[at] === ':') at = skipType(code, at + 1);
  if (code.startsWith('=>', at)) at = skipSpace(code, at + 2);
  return code[at] === '{' ? toSite(code, open, at) : undefined;
}

/** `name => {` without parentheses, with the arrow at `at`. */
function afterBareArrow(code: string, at: number): FunctionSite | undefined {
  if (!code.startsWith('=>', at)) return undefined;
  const before = code.slice(0, at).trimEnd();
  const isBare = /(?:^|[=(,:?&|]|async)\s*[\w$]+$/.test(before.slice(-80));
  const body = skipSpace(code, at + 2);
  return isBare && code[body] === '{' ? toSite(code, before.length - 1, body) : undefined;
}

/**
 * The offset after a return type. A brace where a type may begin is a type literal; a brace where
 * one has just ended is the body.
 */
function skipType(code: string, start: number): number {
  let at = skipSpace(code, start);
  let isComplete = false;
  while (at < code.length) {
    const char = code[at] ?? '';
    const word = /^[\w$.]+/.exec(code.slice(at, at + 80))?.[0];
    if (char === '{' && isComplete) return at;
    if (/[;,)\]}=]/.test(char)) return at;
    if (char in CLOSING) {
      at = findClosing(code, at) + 1;
      if (at === 0) return code.length;
      // A parameter list inside a type: the arrow after it belongs to the type.
      if (char === '(' && code.startsWith('=>', skipSpace(code, at)) && !isComplete) {
        at = skipSpace(code, at) + 2;
        continue;
      }
      isComplete = true;
    } else if (char === '<') {
      at = skipAngles(code, at);
      isComplete = true;
    } else if (word !== undefined) {
      at += word.length;
      isComplete = !/^(?:is|asserts|keyof|typeof|readonly|extends|infer|unique)$/.test(word);
    } else {
      isComplete = !/[|&?:]/.test(char);
      at += 1;
    }
    at = skipSpace(code, at);
  }
  return at;
}

function skipAngles(code: string, open: number): number {
  let depth = 0;
  for (let at = open; at < code.length; at += 1) {
    if (code[at] === '<') depth += 1;
    // The second half of an arrow closes nothing.
    if (code[at] === '>' && code[at - 1] !== '=') depth -= 1;
    if (depth === 0) return at + 1;
  }
  return code.length;
}

function findClosing(code: string, open: number): number {
  const opening = code[open] ?? '';
  const closing = CLOSING[opening];
  let depth = 0;
  for (let at = open; at < code.length; at += 1) {
    if (code[at] === opening) depth += 1;
    if (code[at] === closing) depth -= 1;
    if (depth === 0) return at;
  }
  return -1;
}

function skipSpace(code: string, start: number): number {
  let at = start;
  while (/\s/.test(code[at] ?? '')) at += 1;
  return at;
}

/** `text` is the line up to the parameters: `function name<T>`, `const name = async`, `name`. */
function nameBefore(text: string): string {
  const assigned = /([#\w$]+)\s*(?::[^=]*)?=\s*(?:async\s*)?(?:<.*>\s*)?$/.exec(text)?.[1];
  const direct = /([#\w$]+)\s*(?:<.*>)?$/.exec(text.trimEnd())?.[1];
  return assigned ?? direct ?? 'an arrow';
}

function toSite(code: string, header: number, body: number): FunctionSite {
  const firstLine = lineAt(code, header);
  const lastLine = lineAt(code, Math.max(body, findClosing(code, body)));
  const name = nameBefore(code.slice(code.lastIndexOf('\n', header) + 1, header));
  return { name, firstLine, lines: lastLine - firstLine + 1 };
}
