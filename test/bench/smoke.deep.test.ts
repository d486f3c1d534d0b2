import { describe } from 'vitest';
import { describeBenches } from './smoke.ts';

describe('npm run bench', () => {
  describeBenches(false);
});
