/**
 * The handshake: what both sides of a connection between peers do before anything else is parsed.
 * No socket and no clock: a frame in, a step out.
 *
 *   dialler                                    acceptor
 *   hello      'dkvs', u16 version, purpose?,
 *              isKeyed?, 32 bytes of nonce
 *                                              challenge  isKeyed?, 32 bytes of nonce
 *   proof      32 bytes of proof, facts
 *                                              welcome    32 bytes of proof, facts
 *   ready      32 bytes of proof
 *
 * Either may say `refused` instead, with a text, and that is the end. When both nonces announce a
 * feature level (level-in-nonce.ts), the facts have a standing, and a dialler that has no place in
 * the cluster gets the verdict in the welcome, which is proved; a refusal is not.
 *
 * Invariants:
 * - A proof covers everything said before it (transcript.ts), so `ready` and `welcome` together
 *   prove both nonces and both sides' facts to each. Facts are parsed after their proof held.
 * - The dialler proves first: a stranger who dials gets nothing to try secrets on.
 * - `hello` up to its version and `refused` stay as they are in every version, so that two versions
 *   can tell each other why they do not talk.
 *
 * This proves who is at the other end when the connection begins. An attacker who can alter packets
 * on the way can take it over afterwards: that is what TLS is for.
 */

import { readU16, writeU16 } from '../../lib/words.ts';
import { FEATURE_LEVEL_FIRST } from '../core/feature-level.ts';
import { FRAME, encodeFrame, type Frame } from './frame.ts';
import { announcedLevel } from './level-in-nonce.ts';
import {
  decodeFacts, decodeStanding, encodeFacts, encodeStanding, type PeerFacts, type Verdict,
} from './peer-facts.ts';
import { PROOF_BYTES, Transcript } from './transcript.ts';

/** Longest reason of a refusal that is sent, kept or logged. */
export const LINK_REASON_BYTES_MAX = 512;

export const LINK_VERSION = 1;
export const NONCE_BYTES = 32;

/** What a connection is for: messages, or one stream of bulk data. */
export type Purpose = 'link' | 'stream';

export interface HandshakeInputs {
  readonly secret: string | undefined;
  /** Never used twice. */
  readonly nonce: Uint8Array;
  /** Asked when they are stated. */
  readonly self: () => PeerFacts;
  /** A reason not to talk to this peer. */
  readonly judge: (facts: PeerFacts) => string | undefined;
  /**
   * Why this peer has no place in the cluster. `isFirstWord`: nothing that it said on an earlier
   * link can still be on its way, because this is the link that it speaks on.
   */
  readonly verdictOn?: (facts: PeerFacts, isFirstWord: boolean) => Verdict | undefined;
  /** A peer that has proved itself says so of us. */
  readonly onVerdict?: (from: PeerFacts, verdict: Verdict) => void;
}

export interface Agreement {
  readonly facts: PeerFacts;
  readonly purpose: Purpose;
  /** What we said of ourselves. */
  readonly self: PeerFacts;
}

export type HandshakeStep =
  | { readonly kind: 'goOn'; readonly send: Uint8Array }
  | { readonly kind: 'agreed'; readonly send?: Uint8Array; readonly agreement: Agreement }
  /** Refused by us (`send` tells them), or by them. */
  | { readonly kind: 'refused'; readonly send?: Uint8Array; readonly reason: string };

export interface Handshake {
  /** What we said of ourselves so far. */
  readonly stated: PeerFacts | undefined;
  /** What to send before anything arrives. */
  start(): Uint8Array | undefined;
  onFrame(frame: Frame): HandshakeStep;
}

const MAGIC = new TextEncoder().encode('dkvs');
const VERSION_AT = MAGIC.length;
const PURPOSE_AT = VERSION_AT + 2;
const HELLO_KEYED_AT = PURPOSE_AT + 1;
const HELLO_NONCE_AT = HELLO_KEYED_AT + 1;
const HELLO_BYTES = HELLO_NONCE_AT + NONCE_BYTES;
const CHALLENGE_BYTES = 1 + NONCE_BYTES;

const PURPOSES: readonly Purpose[] = ['link', 'stream'];
const NOTHING = new Uint8Array(0);

const DIFFERENT_SECRETS = 'the two nodes have different peer-secrets';
const MALFORMED_FACTS = 'malformed facts in the handshake';

export function encodeRefusal(reason: string): Uint8Array {
  const body = new TextEncoder().encode(reason).subarray(0, LINK_REASON_BYTES_MAX);
  return encodeFrame(FRAME.refused, body);
}

/** As text for a log: bounded, without control characters. */
export function decodeRefusal(frame: Frame): string {
  const text = new TextDecoder().decode(frame.body.subarray(0, LINK_REASON_BYTES_MAX));
  return text.replaceAll(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, '?');
}

export class DiallerHandshake implements Handshake {
  readonly #inputs: HandshakeInputs;
  readonly #purpose: Purpose;
  readonly #transcript: Transcript;
  #stated: PeerFacts | undefined;
  #expects: number = FRAME.challenge;
  #theirLevel = FEATURE_LEVEL_FIRST;

  constructor(purpose: Purpose, inputs: HandshakeInputs) {
    this.#inputs = inputs;
    this.#purpose = purpose;
    this.#transcript = new Transcript(inputs.secret);
  }

  get stated(): PeerFacts | undefined {
    return this.#stated;
  }

  start(): Uint8Array {
    const hello = new Uint8Array(HELLO_BYTES);
    hello.set(MAGIC);
    writeU16(hello, VERSION_AT, LINK_VERSION);
    hello[PURPOSE_AT] = PURPOSES.indexOf(this.#purpose);
    hello[HELLO_KEYED_AT] = isKeyed(this.#inputs);
    hello.set(this.#inputs.nonce, HELLO_NONCE_AT);
    this.#transcript.add(hello);
    return encodeFrame(FRAME.hello, hello);
  }

  onFrame(frame: Frame): HandshakeStep {
    if (frame.kind !== this.#expects) return unexpected(frame);
    return frame.kind === FRAME.challenge ? this.#onChallenge(frame) : this.#onWelcome(frame);
  }

  #onChallenge({ body }: Frame): HandshakeStep {
    if (body.length !== CHALLENGE_BYTES) return refuse('malformed challenge');
    const mismatch = secretMismatch(isKeyed(this.#inputs), body[0]!);
    if (mismatch !== undefined) return refuse(mismatch);
    this.#transcript.add(body);
    this.#theirLevel = announcedLevel(body);
    this.#stated = this.#inputs.self();
    this.#expects = FRAME.welcome;
    const claim = claimOf(this.#stated, this.#inputs, this.#theirLevel);
    return { kind: 'goOn', send: stateFacts(FRAME.proof, this.#transcript, claim) };
  }

  #onWelcome({ body }: Frame): HandshakeStep {
    const facts = provenFacts(this.#transcript, 'welcome', body, this.#inputs, this.#theirLevel);
    if (typeof facts === 'string') return refuse(facts);
    const verdict = facts.standing?.verdict;
    if (verdict !== undefined) {
      this.#inputs.onVerdict?.(facts, verdict);
      return refuse(verdict.text);
    }
    const reason = this.#inputs.verdictOn?.(facts, false)?.text ?? this.#inputs.judge(facts);
    if (reason !== undefined) return refuse(reason);
    this.#transcript.add(body);
    const send = encodeFrame(FRAME.ready, this.#transcript.prove('ready', NOTHING));
    const agreement = { facts, purpose: this.#purpose, self: this.#stated! };
    return { kind: 'agreed', send, agreement };
  }
}

export class AcceptorHandshake implements Handshake {
  readonly #inputs: HandshakeInputs;
  readonly #transcript: Transcript;
  #purpose: Purpose = 'link';
  #facts: PeerFacts | undefined;
  #verdict: Verdict | undefined;
  #stated: PeerFacts | undefined;
  #expects: number = FRAME.hello;
  #theirLevel = FEATURE_LEVEL_FIRST;

  constructor(inputs: HandshakeInputs) {
    this.#inputs = inputs;
    this.#transcript = new Transcript(inputs.secret);
  }

  get stated(): PeerFacts | undefined {
    return this.#stated;
  }

  start(): undefined {
    return undefined;
  }

  onFrame(frame: Frame): HandshakeStep {
    if (frame.kind !== this.#expects) return unexpected(frame);
    if (frame.kind === FRAME.hello) return this.#onHello(frame);
    return frame.kind === FRAME.proof ? this.#onProof(frame) : this.#onReady(frame);
  }

  #onHello({ body }: Frame): HandshakeStep {
    if (body.length < PURPOSE_AT || MAGIC.some((byte, at) => body[at] !== byte)) {
      return refuse('malformed hello');
    }
    const version = readU16(body, VERSION_AT);
    if (version !== LINK_VERSION) {
      return refuse(`link version ${version} dialled link version ${LINK_VERSION}`);
    }
    const purpose = PURPOSES[body[PURPOSE_AT]!];
    if (body.length !== HELLO_BYTES || purpose === undefined) return refuse('malformed hello');
    const mismatch = secretMismatch(body[HELLO_KEYED_AT]!, isKeyed(this.#inputs));
    if (mismatch !== undefined) return refuse(mismatch);
    this.#transcript.add(body);
    this.#theirLevel = announcedLevel(body);
    this.#purpose = purpose;
    this.#expects = FRAME.proof;
    const challenge = new Uint8Array(CHALLENGE_BYTES);
    challenge[0] = isKeyed(this.#inputs);
    challenge.set(this.#inputs.nonce, 1);
    this.#transcript.add(challenge);
    return { kind: 'goOn', send: encodeFrame(FRAME.challenge, challenge) };
  }

  #onProof({ body }: Frame): HandshakeStep {
    const facts = provenFacts(this.#transcript, 'proof', body, this.#inputs, this.#theirLevel);
    if (typeof facts === 'string') return refuse(facts);
    const verdict = this.#inputs.verdictOn?.(facts, this.#purpose === 'link');
    const reason = verdict?.text ?? this.#inputs.judge(facts);
    const canHear = verdict !== undefined && facts.standing !== undefined;
    if (reason !== undefined && !canHear) return refuse(reason);
    this.#transcript.add(body);
    this.#facts = facts;
    this.#verdict = verdict;
    this.#stated = this.#inputs.self();
    this.#expects = FRAME.ready;
    const claim = claimOf(this.#stated, this.#inputs, this.#theirLevel, verdict);
    return { kind: 'goOn', send: stateFacts(FRAME.welcome, this.#transcript, claim) };
  }

  #onReady({ body }: Frame): HandshakeStep {
    if (!this.#transcript.isProof(body, 'ready', NOTHING)) return refuse(DIFFERENT_SECRETS);
    if (this.#verdict !== undefined) return refuse(this.#verdict.text);
    const agreement = { facts: this.#facts!, purpose: this.#purpose, self: this.#stated! };
    return { kind: 'agreed', agreement };
  }
}

function isKeyed({ secret }: HandshakeInputs): 0 | 1 {
  return secret === undefined ? 0 : 1;
}

/** Worded so that it reads the same on both sides. */
function secretMismatch(dialler: number, acceptor: number): string | undefined {
  if (dialler === acceptor) return undefined;
  const [has, lacks] = dialler === 1 ? ['dialled', 'was dialled'] : ['was dialled', 'dialled'];
  return `the node that ${has} has a peer-secret, the node that ${lacks} has none`;
}

/** A standing is said by builds that know it, to builds that know it. */
function hasStanding({ nonce }: HandshakeInputs, theirLevel: number): boolean {
  return theirLevel > FEATURE_LEVEL_FIRST && announcedLevel(nonce) > FEATURE_LEVEL_FIRST;
}

function claimOf(
  facts: PeerFacts, inputs: HandshakeInputs, theirLevel: number, verdict?: Verdict,
): Uint8Array {
  if (!hasStanding(inputs, theirLevel)) return encodeFacts(facts);
  const { standing } = facts;
  if (standing === undefined) throw new Error('assertion failed: a level without a standing');
  return encodeStanding(facts, { ...standing, verdict });
}

function stateFacts(kind: number, transcript: Transcript, claim: Uint8Array): Uint8Array {
  const proof = transcript.prove(kind === FRAME.proof ? 'proof' : 'welcome', claim);
  const body = new Uint8Array(PROOF_BYTES + claim.length);
  body.set(proof);
  body.set(claim, PROOF_BYTES);
  transcript.add(body);
  return encodeFrame(kind, body);
}

/** The facts, or why not. */
function provenFacts(
  transcript: Transcript, role: 'proof' | 'welcome', body: Uint8Array, inputs: HandshakeInputs,
  theirLevel: number,
): PeerFacts | string {
  const proof = body.subarray(0, PROOF_BYTES);
  const claim = body.subarray(PROOF_BYTES);
  if (!transcript.isProof(proof, role, claim)) return DIFFERENT_SECRETS;
  const facts = hasStanding(inputs, theirLevel) ? decodeStanding(claim) : decodeFacts(claim);
  if (facts === undefined) return MALFORMED_FACTS;
  return theirLevel === FEATURE_LEVEL_FIRST ? facts : { ...facts, featureLevel: theirLevel };
}

function unexpected(frame: Frame): HandshakeStep {
  if (frame.kind === FRAME.refused) return { kind: 'refused', reason: decodeRefusal(frame) };
  return refuse(`a frame of kind ${frame.kind} out of turn in the handshake`);
}

function refuse(reason: string): HandshakeStep {
  return { kind: 'refused', send: encodeRefusal(reason), reason };
}
