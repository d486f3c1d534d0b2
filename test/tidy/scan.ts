/**
 * A small scanner of TypeScript for the tidy rules: it knows strings, templates, comments and
 * regular expressions, and nothing of types. It gives the text twice, both of the old length and
 * with the old line breaks: `code` with comments and the insides of literals blanked, so that a
 * rule never trips over prose; and `comments` with everything else blanked.
 */

export interface Scan {
  readonly code: string;
  readonly comments: string;
}

/** Words after which a slash begins a regular expression rather than a division. */
const BEFORE_REGEX = /(?:^|[^\w$.])(?:return|typeof|case|in|of|new|delete|void|throw|await|else)$/;

export function scan(text: string): Scan {
  return new Scanner(text).run();
}

class Scanner {
  readonly #text: string;
  readonly #code: string[];
  readonly #comments: string[];
  #at = 0;

  constructor(text: string) {
    this.#text = text;
    this.#code = [...blank(text)];
    this.#comments = [...blank(text)];
  }

  run(): Scan {
    this.#scanCode(false);
    return { code: this.#code.join(''), comments: this.#comments.join('') };
  }

  /** Code up to the end, or up to the brace that closes `${` when inside a template. */
  #scanCode(isInTemplate: boolean): void {
    let depth = 0;
    while (this.#at < this.#text.length) {
      const char = this.#text[this.#at] ?? '';
      if (isInTemplate && char === '}' && depth === 0) return;
      if (char === '{') depth += 1;
      if (char === '}') depth -= 1;
      if (!this.#scanSpecial(char)) this.#keep(this.#code, 1);
    }
  }

  #scanSpecial(char: string): boolean {
    if (this.#startsWith('//')) this.#keep(this.#comments, this.#lengthTo('\n'));
    else if (this.#startsWith('/*')) this.#keep(this.#comments, this.#lengthTo('*/') + 2);
    else if (char === "'" || char === '"') this.#scanQuoted(char, false);
    else if (char === '`') this.#scanTemplate();
    else if (char === '/' && this.#isRegexStart()) this.#scanQuoted('/', true);
    else return false;
    return true;
  }

  /** Keeps the quotes and blanks what is between. A line end closes it too: it is not legal. */
  #scanQuoted(quote: string, isRegex: boolean): void {
    this.#keep(this.#code, 1);
    let isInClass = false;
    while (this.#at < this.#text.length) {
      const char = this.#text[this.#at] ?? '';
      if (char === '\n') return;
      if (char === quote && !isInClass) return this.#keep(this.#code, 1);
      if (isRegex && char === '[') isInClass = true;
      if (isRegex && char === ']') isInClass = false;
      this.#at += char === '\\' ? 2 : 1;
    }
  }

  #scanTemplate(): void {
    this.#keep(this.#code, 1);
    while (this.#at < this.#text.length) {
      if (this.#text[this.#at] === '`') return this.#keep(this.#code, 1);
      if (this.#startsWith('${')) {
        this.#keep(this.#code, 2);
        this.#scanCode(true);
        this.#keep(this.#code, 1);
        continue;
      }
      this.#at += this.#text[this.#at] === '\\' ? 2 : 1;
    }
  }

  #isRegexStart(): boolean {
    const before = this.#code.slice(Math.max(0, this.#at - 200), this.#at).join('').trimEnd();
    return before === '' || /[(,=:[!&|?{};+\-*%^<>~]$/.test(before) || BEFORE_REGEX.test(before);
  }

  #startsWith(text: string): boolean {
    return this.#text.startsWith(text, this.#at);
  }

  #lengthTo(end: string): number {
    const found = this.#text.indexOf(end, this.#at + end.length);
    return (found < 0 ? this.#text.length : found) - this.#at;
  }

  #keep(into: string[], length: number): void {
    const end = Math.min(this.#text.length, this.#at + length);
    for (; this.#at < end; this.#at += 1) into[this.#at] = this.#text[this.#at] ?? '';
  }
}

/** By UTF-16 unit, so that offsets stay the same. */
function blank(text: string): string {
  return text.replace(/[^\n]/g, ' ');
}

/** The line of an offset, from 1. */
export function lineAt(text: string, offset: number): number {
  let line = 1;
  for (let at = text.indexOf('\n'); at >= 0 && at < offset; at = text.indexOf('\n', at + 1)) {
    line += 1;
  }
  return line;
}

export interface ImportSite {
  readonly specifier: string;
  readonly line: number;
}

const IMPORT_SITES = [
  /\b(?:import|export)\b[^'"`;()]*\bfrom\s*['"]/g,
  /\bimport\s*\(?\s*['"]/g,
  // A worker is started from a file next to this one.
  /\bnew\s+URL\s*\(\s*['"]/g,
];

/** Every module that the text imports, re-exports, loads later or starts as a worker. */
export function findImports(text: string, { code }: Scan): ImportSite[] {
  const sites: ImportSite[] = [];
  for (const pattern of IMPORT_SITES) {
    for (const match of code.matchAll(pattern)) {
      const start = match.index + match[0].length;
      const quote = code[start - 1] ?? '';
      const specifier = text.slice(start, code.indexOf(quote, start));
      sites.push({ specifier, line: lineAt(text, start) });
    }
  }
  return sites;
}
