import { describeAlgebra } from './large-algebra.ts';

describeAlgebra(2000);
