/**
 * The arguments of the server, as redis-server takes them:
 *
 *     dkvs [config file] [--option value ...]...
 *
 * Words up to the next `--` belong to the option before them. `--option=value` is understood too,
 * and is the way to give a value that begins with `--`.
 */
import type { Directive } from './parse-config.ts';

export type CommandLine =
  | { readonly kind: 'help' }
  | { readonly kind: 'version' }
  | { readonly kind: 'fault'; readonly message: string }
  | {
      readonly kind: 'run';
      readonly configFile: string | undefined;
      readonly overrides: readonly Directive[];
    };

/** `args` are those after the name of the program. */
export function parseCommandLine(args: readonly string[]): CommandLine {
  if (args.includes('--help') || args[0] === '-h') return { kind: 'help' };
  if (args.includes('--version') || args[0] === '-v') return { kind: 'version' };

  const hasFile = args[0] !== undefined && !args[0].startsWith('-');
  const overrides: { line: number; name: string; words: string[] }[] = [];
  for (const [index, arg] of args.entries()) {
    if (index === 0 && hasFile) continue;
    if (arg.startsWith('--') && arg.length > 2) {
      const [name, value] = splitOption(arg.slice(2));
      const words = value === undefined ? [] : [value];
      overrides.push({ line: index + 1, name: name.toLowerCase(), words });
      continue;
    }
    const open = overrides.at(-1);
    if (open === undefined) return { kind: 'fault', message: unexpected(arg) };
    open.words.push(arg);
  }
  return { kind: 'run', configFile: hasFile ? args[0] : undefined, overrides };
}

function splitOption(text: string): [name: string, value: string | undefined] {
  const at = text.indexOf('=');
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}

function unexpected(arg: string): string {
  return `unexpected argument '${arg}': expected a configuration file first, then --option value`;
}
