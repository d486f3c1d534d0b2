/**
 * What simulated clients ask for, and what it does to a state. A batch names operations by their
 * numbers in the cluster's table, which keeps the simulation quick.
 */

import { readU32, writeU32 } from '../../../src/lib/words.ts';
import {
  replyTo, valueAfter, type StringCommand, type StringReply,
} from '../../checker/models.ts';

const NUMBER_BYTES = 4;

export interface SimOperation {
  readonly number: number;
  readonly key: string;
  readonly command: StringCommand;
}

/** Changes `data` and replies. */
export function applyOperation(
  data: Map<string, string>, { key, command }: SimOperation,
): StringReply {
  const old = data.get(key) ?? null;
  const value = valueAfter(old, command);
  if (value === null) data.delete(key);
  else if (value !== old) data.set(key, value);
  return replyTo(old, command);
}

/** A batch's body. */
export function encodeOperations(numbers: readonly number[]): Uint8Array {
  const body = new Uint8Array(numbers.length * NUMBER_BYTES);
  for (let i = 0; i < numbers.length; i++) writeU32(body, i * NUMBER_BYTES, numbers[i]!);
  return body;
}

export function decodeOperations(body: Uint8Array): number[] {
  const numbers: number[] = [];
  for (let at = 0; at < body.length; at += NUMBER_BYTES) numbers.push(readU32(body, at));
  return numbers;
}
