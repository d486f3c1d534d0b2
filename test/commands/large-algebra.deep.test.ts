import { describeAlgebra } from './large-algebra.ts';

describeAlgebra(12_000);
