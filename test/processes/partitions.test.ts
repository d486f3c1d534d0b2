import { describe, it } from 'vitest';
import { cutOff, inSomeOrder } from './plans.ts';
import { whyNoNetwork } from './private-network.ts';
import { sufferInTurn } from './trouble.ts';

const THREE = [0, 1, 2];

const reason = whyNoNetwork();
const title = 'on hosts of their own' + (reason === undefined ? '' : ` (skipped: ${reason})`);

describe.skipIf(reason !== undefined)(`three servers ${title}`, () => {
  it('go on without a leader that is cut off, and lose nothing', { timeout: 60_000 }, async () => {
    await sufferInTurn(THREE.length, inSomeOrder([
      (leader) => cutOff('isolate', [leader], THREE),
    ]));
  });
});
