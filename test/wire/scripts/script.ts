/**
 * Scripts for comparing replies with a real Redis: lists of commands whose arguments are latin1
 * strings, one character per byte.
 */

export type Script = readonly (readonly string[])[];

/** A line of words stands for its words; arguments with spaces or other bytes come as an array. */
export function script(lines: readonly (string | readonly string[])[]): Script {
  return lines.map((line) => (typeof line === 'string' ? line.split(' ') : line));
}
