/** A mistake that is planted in compiled code: one text in the place of another. */

import { readFile, writeFile } from 'node:fs/promises';

export interface PlantedText {
  readonly name: string;
  /** Must occur once in the file, so that a fault cannot silently cease to be planted. */
  readonly from: string;
  readonly to: string;
}

/** `code`: the compiled file that the fault is planted in. */
export function mustHavePlace(code: string, { name, from }: PlantedText): void {
  const places = code.split(from).length - 1;
  if (places !== 1) throw new Error(`"${name}": its place occurs ${places} times, not once`);
}

export async function plantText(path: string, fault: PlantedText): Promise<void> {
  const code = await readFile(path, 'utf8');
  mustHavePlace(code, fault);
  await writeFile(path, code.replace(fault.from, () => fault.to));
}
