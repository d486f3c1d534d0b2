/**
 * Numbers as bars of characters, each with a label that is written downwards below it: what LATENCY
 * GRAPH replies.
 *
 *     _#
 *     ||
 *
 *     23
 *     ss
 *
 * A row has three heights (_ o #), and stands for a third of a row's share of the largest number.
 */

export interface Bar {
  readonly value: number;
  readonly label: string;
}

const TIPS = '_o#';
const FULL = '|';

/** Lines, each with its line end; after `columns` bars the next ones go below. */
export function drawBars(bars: readonly Bar[], rows: number, columns: number): string {
  const values = bars.map(({ value }) => value);
  const low = Math.min(...values);
  const range = Math.max(...values) - low || 1;
  const parts: string[] = [];
  for (let from = 0; from < bars.length; from += columns) {
    parts.push(drawPart(bars.slice(from, from + columns), low, range, rows));
  }
  return parts.join('\n');
}

function drawPart(bars: readonly Bar[], low: number, range: number, rows: number): string {
  const heightMax = rows * TIPS.length - 1;
  const heights = bars.map(({ value }) =>
    Math.min(heightMax, Math.floor(((value - low) * rows * TIPS.length) / range)));
  const lines: string[] = [];
  for (let row = rows - 1; row >= 0; row--) {
    const floor = row * TIPS.length;
    lines.push(heights.map((height) => cell(height - floor)).join(''));
  }
  lines.push(' '.repeat(bars.length));
  const labelLines = Math.max(...bars.map(({ label }) => label.length));
  for (let i = 0; i < labelLines; i++) {
    lines.push(bars.map(({ label }) => label[i] ?? ' ').join(''));
  }
  return lines.map((line) => `${line}\n`).join('');
}

/** `height` above the floor of a row. */
function cell(height: number): string {
  return height < 0 ? ' ' : TIPS[height] ?? FULL;
}
