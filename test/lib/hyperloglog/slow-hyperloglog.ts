/** The slow twin of HyperLogLog values: registers as an array of numbers, bits as texts. */

export const SLOW_REGISTERS = 16384;

const HEADER_BYTES = 16;
const DENSE_BYTES = 12304;

/** The registers of a value; undefined if it is damaged. */
export function slowRegisters(bytes: Uint8Array): number[] | undefined {
  return bytes[4] === 0 ? denseRegisters(bytes) : sparseRegisters(bytes);
}

function denseRegisters(bytes: Uint8Array): number[] | undefined {
  if (bytes.length !== DENSE_BYTES) return undefined;
  const bits = [...bytes.subarray(HEADER_BYTES)].map((byte) =>
    reversed(byte.toString(2).padStart(8, '0'))).join('');
  return Array.from({ length: SLOW_REGISTERS }, (_, i) =>
    Number.parseInt(reversed(bits.slice(i * 6, i * 6 + 6)), 2));
}

function reversed(text: string): string {
  return text.split('').toReversed().join('');
}

function sparseRegisters(bytes: Uint8Array): number[] | undefined {
  const registers: number[] = [];
  for (let at = HEADER_BYTES; at < bytes.length; at++) {
    const bits = bytes[at]!.toString(2).padStart(8, '0');
    let count: number;
    let value = 0;
    if (bits.startsWith('1')) {
      value = Number.parseInt(bits.slice(1, 6), 2) + 1;
      count = Number.parseInt(bits.slice(6), 2) + 1;
    } else if (bits.startsWith('01')) {
      const low = (bytes[++at] ?? 0).toString(2).padStart(8, '0');
      count = Number.parseInt(bits.slice(2) + low, 2) + 1;
    } else count = Number.parseInt(bits.slice(2), 2) + 1;
    if (registers.length + count > SLOW_REGISTERS) return undefined;
    for (let i = 0; i < count; i++) registers.push(value);
  }
  return registers.length === SLOW_REGISTERS ? registers : undefined;
}

/** Whether the last run is an XZERO without its second byte. */
export function isCutShort(bytes: Uint8Array): boolean {
  let at = HEADER_BYTES;
  while (at < bytes.length) at += bytes[at]! >> 6 === 1 ? 2 : 1;
  return at > bytes.length;
}
