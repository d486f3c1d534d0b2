import { connect as connectTls } from 'node:tls';
import { describe, expect, it, onTestFinished } from 'vitest';
import { LINK_STRANGERS_MAX } from '../../../src/raft/links/link-listener.ts';
import { makeAuthority, makeTls } from './certificates.ts';
import { bytes } from './messages.ts';
import { closed, dialRaw, linkedPair, node, propose, until } from './test-node.ts';

const authority = makeAuthority('test authority');
const stranger = makeAuthority('another authority');

describe('links over TLS', () => {
  it('carry messages both ways, large ones too', async () => {
    const a = node('a', { tls: makeTls('a', authority) });
    const b = node('b', { tls: makeTls('b', authority) });
    await linkedPair(a, b);
    expect([a.links.strangers, b.links.strangers]).toEqual([0, 0]);
    const large = propose(a, b, bytes(100_000));
    expect(a.links.send(b.id, large)).toBe(true);
    expect(b.send(a, 2)).toBe(true);
    await until(() => a.messages.length + b.messages.length === 2);
    expect(b.messages).toEqual([large]);
    await a.links.close();
    await until(() => b.lost.length > 0);
  });

  it('carry streams', async () => {
    const received: number[] = [];
    const a = node('a', { tls: makeTls('a', authority) });
    const b = node('b', {
      tls: makeTls('b', authority),
      onStream: (_from, _header, stream) => void (async () => {
        let total = 0;
        for await (const chunk of stream) total += chunk.length;
        received.push(total);
        stream.answer(bytes(3));
      })(),
    });
    await linkedPair(a, b);
    const stream = await a.links.openStream(b.id, bytes(10));
    for (let n = 0; n < 20; n += 1) await stream.write(bytes(100_000));
    expect(await stream.end()).toEqual(bytes(3));
    expect(received).toEqual([2_000_000]);
  });

  it('still need the secret', async () => {
    const a = await node('a', { tls: makeTls('a', authority) }).listen();
    const b = await node('b', { tls: makeTls('b', authority), secret: 'other' }).listen();
    a.dial(b);
    await until(() => a.warnings().includes(
      'no link with b: refused: the two nodes have different peer-secrets'));
    expect(a.met).toEqual([]);
  });

  it('refuse a certificate of another authority, whoever shows it', async () => {
    const a = await node('a', { tls: makeTls('a', authority) }).listen();
    const dials = await node('b', { tls: makeTls('b', stranger, authority) }).listen();
    dials.dial(a);
    await until(() => a.warnings().length > 0 && dials.warnings().length > 0);
    const answers = await node('c', { tls: makeTls('c', stranger, authority) }).listen();
    a.dial(answers);
    await until(() => a.peer('c').lastError !== undefined);
    expect([...a.met, ...dials.met, ...answers.met]).toEqual([]);
  });

  it('refuse who shows no certificate and who speaks no TLS', async () => {
    const a = await node('a', { tls: makeTls('a', authority) }).listen();
    const plain = dialRaw(a);
    plain.write('dkvs'.repeat(100));
    await closed(plain);
    const nameless = connectTls({
      host: '127.0.0.1', port: a.links.port, ca: authority.cert, checkServerIdentity: () => undefined,
    }).on('error', () => undefined);
    onTestFinished(() => void nameless.destroy());
    await closed(nameless);
    const unencrypted = await node('b').listen();
    unencrypted.dial(a);
    await until(() => unencrypted.peer('a').lastError !== undefined);
    expect([...a.met, ...unencrypted.met]).toEqual([]);
    await until(() => a.links.strangers === 0);
  });

  it('bound the strangers who never begin', async () => {
    const a = await node('a', { tls: makeTls('a', authority) }).listen();
    const strangers = Array.from({ length: LINK_STRANGERS_MAX }, () => dialRaw(a));
    await until(() => a.links.strangers === LINK_STRANGERS_MAX);
    const b = await node('b', { tls: makeTls('b', authority) }).listen();
    b.dial(a);
    await until(() => b.peer('a').connected);
    await closed(strangers[0]!);
    await until(() => a.links.strangers === LINK_STRANGERS_MAX - 1);
  });
});
