import { describe, it } from 'vitest';
import { mustAgreeWithTwin } from './garbage.ts';

const INPUTS = 1_000_000;

describe('RequestDecoder on garbage', () => {
  it(`agrees with its slow twin on ${INPUTS} inputs, however they are cut`, () => {
    mustAgreeWithTwin(INPUTS);
  }, 180_000);
});
