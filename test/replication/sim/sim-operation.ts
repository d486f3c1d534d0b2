/**
 * What simulated clients ask for, and what it does to a state. A batch names operations by their
 * numbers in the cluster's table, which keeps the simulation quick.
 */

import {
  replyTo, valueAfter, type StringCommand, type StringReply,
} from '../checker/models.ts';

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
  return new Uint8Array(Uint32Array.from(numbers).buffer);
}

export function decodeOperations(body: Uint8Array): number[] {
  return [...new Uint32Array(body.slice().buffer)];
}
