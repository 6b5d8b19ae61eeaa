export { fileSource } from './file-source.ts';
export { tcp } from './tcp.ts';
export type { TcpOptions } from './tcp-options.ts';
