export { loopback, type LoopbackOptions } from './loopback.ts';
export { pair } from './pair.ts';
export { virtualRuntime, type VirtualRuntime, type VirtualRuntimeOptions } from './virtual-runtime.ts';
