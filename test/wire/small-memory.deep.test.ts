import { describeSmallMemory } from './small-memory.ts';

describeSmallMemory({ pipelines: 400, fromDiskMin: 1000 });
