import { NodeClock } from '../../../src/io/node-clock.ts';
import { describeBroadcast } from './describe-broadcast.ts';
import { LocalCluster } from './local-order.ts';

describeBroadcast('the order in one process', async () => {
  const cluster = new LocalCluster(['a', 'b', 'c'], new NodeClock());
  return { open: async (name) => cluster.open(name), remove: async () => {} };
});
