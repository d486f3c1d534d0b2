import { describeSmallMemory } from './small-memory.ts';

describeSmallMemory({ pipelines: 100, fromDiskMin: 100 });
