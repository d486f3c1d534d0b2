import { describe, expect, it } from 'vitest';
import { LINK_HANDSHAKE_BYTES_MAX } from '../../../src/raft/links/connection.ts';
import { FRAME, encodeFrame, FrameDecoder, type Frame } from '../../../src/raft/links/frame.ts';
import {
  AcceptorHandshake, DiallerHandshake, decodeRefusal, encodeRefusal, type Handshake,
  type HandshakeInputs, type HandshakeStep, LINK_REASON_BYTES_MAX,
} from '../../../src/raft/links/handshake.ts';
import { announceLevel } from '../../../src/raft/links/level-in-nonce.ts';
import {
  decodeFacts, encodeFacts, type PeerFacts, type Standing, type Verdict,
} from '../../../src/raft/links/peer-facts.ts';
import { Transcript } from '../../../src/raft/links/transcript.ts';
import { A, B, CONFIGURATION, bytes } from './messages.ts';

const FACTS_A: PeerFacts = {
  name: 'a', id: A, clientAddress: 'one:6379', peerAddress: 'one:7379', cluster: '',
  founders: undefined,
};
const FACTS_B: PeerFacts = {
  name: 'b', id: B, clientAddress: 'two:6379', peerAddress: 'two:7379', cluster: 'c1',
  founders: CONFIGURATION,
};

function inputs(self: PeerFacts, given: Partial<HandshakeInputs> = {}): HandshakeInputs {
  const nonce = bytes(32, self.name.charCodeAt(0));
  return { secret: 's3cret', nonce, self: () => self, judge: () => undefined, ...given };
}

function standingOf(starts: number): Standing {
  const leftBehind = ['0123456789abcdef'];
  return { starts, lastIndex: 2 ** 40, memberAt: 3, leftBehind, verdict: undefined };
}

/** What a build says that knows this feature level. */
function speaking(self: PeerFacts, level: number, starts: number): Partial<HandshakeInputs> {
  return {
    nonce: announceLevel(bytes(32, self.name.charCodeAt(0)), level),
    self: () => ({ ...self, standing: standingOf(starts) }),
  };
}

function toFrame(sent: Uint8Array): Frame {
  const decoder = new FrameDecoder(LINK_HANDSHAKE_BYTES_MAX);
  decoder.feed(sent);
  return decoder.next()!;
}

interface Talk {
  readonly dialler: HandshakeStep | undefined;
  readonly acceptor: HandshakeStep | undefined;
}

/** Lets both talk until one has nothing to say. `alter` sits on the line. */
function talk(
  dialler: Handshake, acceptor: Handshake, alter = (frame: Frame, _n: number): Frame => frame,
): Talk {
  const last: { dialler?: HandshakeStep; acceptor?: HandshakeStep } = {};
  let sent = dialler.start();
  for (let n = 0; sent !== undefined; n += 1) {
    const frame = alter(toFrame(sent), n);
    const step = n % 2 === 0 ? acceptor.onFrame(frame) : dialler.onFrame(frame);
    last[n % 2 === 0 ? 'acceptor' : 'dialler'] = step;
    sent = step.send;
  }
  return { dialler: last.dialler, acceptor: last.acceptor };
}

function meet(a: Partial<HandshakeInputs>, b: Partial<HandshakeInputs>): Talk {
  return talk(
    new DiallerHandshake('link', inputs(FACTS_A, a)), new AcceptorHandshake(inputs(FACTS_B, b)));
}

describe('the handshake', () => {
  it('tells both sides who the other is and what for', () => {
    for (const purpose of ['link', 'stream'] as const) {
      const dialler = new DiallerHandshake(purpose, inputs(FACTS_A));
      const { dialler: ours, acceptor: theirs } = talk(
        dialler, new AcceptorHandshake(inputs(FACTS_B)));
      expect(ours).toMatchObject(
        { kind: 'agreed', agreement: { facts: FACTS_B, purpose, self: FACTS_A } });
      expect(theirs).toMatchObject(
        { kind: 'agreed', agreement: { facts: FACTS_A, purpose, self: FACTS_B } });
    }
  });

  it('agrees when neither has a secret', () => {
    const { dialler, acceptor } = meet({ secret: undefined }, { secret: undefined });
    expect([dialler?.kind, acceptor?.kind]).toEqual(['agreed', 'agreed']);
  });

  it('refuses another secret, and both know why', () => {
    const reason = 'the two nodes have different peer-secrets';
    expect(meet({ secret: 'one' }, { secret: 'two' })).toMatchObject(
      { dialler: { kind: 'refused', reason }, acceptor: { kind: 'refused', reason } });
  });

  it('refuses when only one side has a secret, and says which', () => {
    const dialled = 'the node that dialled has a peer-secret, the node that was dialled has none';
    expect(meet({}, { secret: undefined })).toMatchObject(
      { dialler: { reason: dialled }, acceptor: { reason: dialled } });
    const other = 'the node that was dialled has a peer-secret, the node that dialled has none';
    expect(meet({ secret: undefined }, {})).toMatchObject(
      { dialler: { reason: other }, acceptor: { reason: other } });
  });

  it('lets either side refuse the facts of the other', () => {
    const judge = ({ name }: PeerFacts): string => `I do not talk to ${name}`;
    expect(meet({}, { judge })).toMatchObject(
      { dialler: { kind: 'refused', reason: 'I do not talk to a' } });
    expect(meet({ judge }, {})).toMatchObject(
      { acceptor: { kind: 'refused', reason: 'I do not talk to b' } });
  });

  it('announces the feature level, and then says more of itself', () => {
    const { dialler, acceptor } = meet(speaking(FACTS_A, 2, 5), speaking(FACTS_B, 3, 8));
    expect(dialler).toMatchObject({ agreement: { facts: {
      ...FACTS_B, featureLevel: 3, standing: standingOf(8),
    } } });
    expect(acceptor).toMatchObject({ agreement: { facts: {
      ...FACTS_A, featureLevel: 2, standing: standingOf(5),
    } } });
  });

  it('says to a build that announces nothing what such a build reads', () => {
    const { dialler, acceptor } = meet(speaking(FACTS_A, 2, 5), {});
    expect(acceptor).toMatchObject({ kind: 'agreed', agreement: {
      facts: FACTS_A, purpose: 'link', self: FACTS_B,
    } });
    expect(acceptor).not.toHaveProperty('agreement.facts.standing');
    expect(dialler).toMatchObject({ kind: 'agreed', agreement: { facts: FACTS_B } });
    expect(meet({}, speaking(FACTS_B, 2, 8)).dialler).toMatchObject({ kind: 'agreed', agreement: { facts: FACTS_B } });
  });

  it('proves to a dialler that it has no place in the cluster', () => {
    const verdict: Verdict = { kind: 'removed', index: 7, text: 'a was removed' };
    const heard: unknown[] = [];
    const onVerdict = ({ name }: PeerFacts, given: Verdict): void => void heard.push(name, given);
    const against = { verdictOn: () => verdict };
    const steps = meet(
      { ...speaking(FACTS_A, 2, 5), onVerdict }, { ...speaking(FACTS_B, 2, 8), ...against });
    expect(heard).toEqual(['b', verdict]);
    expect(steps).toMatchObject({
      dialler: { kind: 'refused', reason: verdict.text }, acceptor: { kind: 'refused' },
    });
    heard.length = 0;
    meet({ ...speaking(FACTS_A, 2, 5), onVerdict, secret: 'other' },
      { ...speaking(FACTS_B, 2, 8), ...against });
    expect(heard).toEqual([]);
    expect(meet({ onVerdict }, { ...speaking(FACTS_B, 2, 8), ...against }))
      .toMatchObject({ dialler: { kind: 'refused', reason: verdict.text } });
    expect(heard).toEqual([]);
  });

  it('never shows facts of somebody without the secret to judge', () => {
    const judged: string[] = [];
    const judge = ({ name }: PeerFacts): undefined => void judged.push(name);
    meet({ secret: 'one', judge }, { secret: 'two', judge });
    expect(judged).toEqual([]);
    meet({ judge }, { judge });
    expect(judged).toEqual(['a', 'b']);
  });

  it('fails when any byte of any frame is altered on the way', () => {
    const sizes: number[] = [];
    talk(new DiallerHandshake('link', inputs(FACTS_A)), new AcceptorHandshake(inputs(FACTS_B)),
      (frame, n) => {
        sizes[n] = frame.body.length;
        return frame;
      });
    expect(sizes.length).toBe(5);
    for (const [n, size] of sizes.entries()) {
      for (let at = 0; at < size; at += 1) {
        const { acceptor } = talk(
          new DiallerHandshake('link', inputs(FACTS_A)), new AcceptorHandshake(inputs(FACTS_B)),
          (frame, number) => {
            if (number !== n) return frame;
            const body = new Uint8Array(frame.body);
            body[at]! ^= 1;
            return { ...frame, body };
          });
        expect(acceptor?.kind, `frame ${n}, byte ${at}`).not.toBe('agreed');
      }
    }
  });

  it('lets a dialler with a secret prove nothing to an acceptor without one', () => {
    const dialler = new DiallerHandshake('link', inputs(FACTS_A));
    dialler.start();
    const challenge = encodeFrame(FRAME.challenge, new Uint8Array(33));
    expect(dialler.onFrame(toFrame(challenge))).toMatchObject({ kind: 'refused' });
    expect(dialler.stated).toBeUndefined();
  });

  it('does not take its own proof back', () => {
    const mirror = new DiallerHandshake('link', inputs(FACTS_A));
    mirror.start();
    const challenge = encodeFrame(FRAME.challenge, new Uint8Array(33).fill(1));
    const step = mirror.onFrame(toFrame(challenge));
    if (step.kind !== 'goOn') throw new Error('a proof follows');
    const echo = { ...toFrame(step.send), kind: FRAME.welcome };
    expect(mirror.onFrame(echo)).toMatchObject({ kind: 'refused' });
  });

  it('does not take a proof of another connection', () => {
    const frames: Frame[] = [];
    talk(new DiallerHandshake('link', inputs(FACTS_A)), new AcceptorHandshake(inputs(FACTS_B)),
      (frame) => {
        frames.push(frame);
        return frame;
      });
    const later = new AcceptorHandshake(inputs(FACTS_B, { nonce: bytes(32, 99) }));
    later.onFrame(frames[0]!);
    expect(later.onFrame(frames[2]!)).toMatchObject({ kind: 'refused' });
  });

  it('refuses frames out of turn, another version and garbage', () => {
    const acceptor = (): AcceptorHandshake => new AcceptorHandshake(inputs(FACTS_B));
    const hello = toFrame(new DiallerHandshake('link', inputs(FACTS_A)).start());
    expect(acceptor().onFrame({ ...hello, kind: 5 })).toMatchObject(
      { kind: 'refused', reason: 'a frame of kind 5 out of turn in the handshake' });
    const newer = new Uint8Array(60).fill(7);
    newer.set(hello.body.subarray(0, 4));
    expect(acceptor().onFrame({ ...hello, body: newer })).toMatchObject(
      { reason: 'link version 1799 dialled link version 1' });
    for (let length = 0; length < hello.body.length; length += 1) {
      const short = { ...hello, body: hello.body.subarray(0, length) };
      expect(acceptor().onFrame(short)).toMatchObject({ kind: 'refused', reason: 'malformed hello' });
    }
  });

  it('shows a reason of the other side bounded and without control characters', () => {
    const reason = decodeRefusal(toFrame(encodeRefusal(`bad\u001b[2J\n${'x'.repeat(9999)}`)));
    expect(reason.startsWith('bad?[2J?x')).toBe(true);
    expect(reason.length).toBe(LINK_REASON_BYTES_MAX);
  });
});

describe('the transcript', () => {
  it('tells apart what was cut differently', () => {
    const one = new Transcript('s');
    const two = new Transcript('s');
    one.add(bytes(4));
    one.add(bytes(2));
    two.add(new Uint8Array([...bytes(4), ...bytes(2)]));
    expect(two.isProof(one.prove('role', bytes(1)), 'role', bytes(1))).toBe(false);
    expect(one.isProof(one.prove('role', bytes(1)), 'role', bytes(1))).toBe(true);
  });

  it('gives each role its own proof', () => {
    const transcript = new Transcript('s');
    const proof = transcript.prove('one', bytes(1));
    expect(transcript.isProof(proof, 'other', bytes(1))).toBe(false);
  });
});

describe('the facts of a peer', () => {
  it('come back as they were', () => {
    for (const facts of [FACTS_A, FACTS_B]) expect(decodeFacts(encodeFacts(facts))).toEqual(facts);
  });

  it('are refused when they are cut, followed by something, empty or too long', () => {
    const encoded = encodeFacts(FACTS_B);
    for (let length = 0; length < encoded.length; length += 1) {
      expect(decodeFacts(encoded.subarray(0, length)), `${length} bytes`).toBeUndefined();
    }
    expect(decodeFacts(new Uint8Array([...encodeFacts(FACTS_A), 0]))).toBeUndefined();
    expect(decodeFacts(encodeFacts({ ...FACTS_A, name: '' }))).toBeUndefined();
    expect(() => encodeFacts({ ...FACTS_A, name: 'n'.repeat(513) })).toThrow(/allowed are 512/);
  });
});
