import { SimFiles } from '../sim/sim-files.ts';
import { testSeed } from '../lib/seeded.ts';
import { describeFiles } from './files-contract.ts';

describeFiles('the simulated disk', async () => {
  const files = new SimFiles({ seed: testSeed() });
  await files.mkdir('/data');
  return { files, dir: '/data', end: async () => {} };
});
