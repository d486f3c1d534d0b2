/**
 * HalfSipHash-c-d with a 64-bit result, written for clarity from the description in the paper: the
 * oracle of KeyHash. Its own correctness is checked with the published vectors of HalfSipHash-2-4.
 */

type State = [number, number, number, number];

const rotate = (x: number, bits: number): number => (x << bits) | (x >>> (32 - bits));

function sipRound([v0, v1, v2, v3]: State): State {
  v0 = (v0 + v1) | 0;
  v2 = (v2 + v3) | 0;
  v1 = rotate(v1, 5) ^ v0;
  v3 = rotate(v3, 8) ^ v2;
  v0 = rotate(v0, 16);
  v0 = (v0 + v3) | 0;
  v2 = (v2 + v1) | 0;
  v3 = rotate(v3, 7) ^ v0;
  v1 = rotate(v1, 13) ^ v2;
  v2 = rotate(v2, 16);
  return [v0, v1, v2, v3];
}

function rounds(state: State, count: number): State {
  for (let i = 0; i < count; i++) state = sipRound(state);
  return state;
}

/** Returns the first and the second 32-bit half of the result, each unsigned. */
export function halfSipHash(
  c: number, d: number, key: readonly [number, number], message: Uint8Array,
): [number, number] {
  const padded = Buffer.alloc((message.length & ~3) + 4);
  padded.set(message);
  padded[padded.length - 1] = message.length & 255;
  let state: State = [key[0], key[1] ^ 0xee, 0x6c796765 ^ key[0], 0x74656462 ^ key[1]];
  for (let at = 0; at < padded.length; at += 4) {
    const word = padded.readInt32LE(at);
    state[3] ^= word;
    state = rounds(state, c);
    state[0] ^= word;
  }
  state[2] ^= 0xee;
  state = rounds(state, d);
  const first = (state[1] ^ state[3]) >>> 0;
  state[1] ^= 0xdd;
  state = rounds(state, d);
  return [first, (state[1] ^ state[3]) >>> 0];
}
