export type { AbortSignalLike } from './abort-signal-like.ts';
export type { OperationOptions } from './awaited.ts';
export { BufferManager } from './buffer-manager.ts';
export { checked } from './checked.ts';
export { DnsEndPoint, EndPoint, IPEndPoint, UnixDomainSocketEndPoint } from './end-point.ts';
export { AddressFamily } from './enums/address-family.ts';
export type { Enumeration } from './enums/enumeration.ts';
export { ProtocolType } from './enums/protocol-type.ts';
export { SelectMode } from './enums/select-mode.ts';
export { SocketAsyncOperation } from './enums/socket-async-operation.ts';
export { SocketClientAccessPolicyProtocol } from './enums/socket-client-access-policy-protocol.ts';
export { SocketError } from './enums/socket-error.ts';
export { SocketFlags } from './enums/socket-flags.ts';
export { SocketShutdown } from './enums/socket-shutdown.ts';
export { SocketType } from './enums/socket-type.ts';
export { TransmitFileOptions } from './enums/transmit-file-options.ts';
export {
  ArgumentError,
  ArgumentNullError,
  ArgumentOutOfRangeError,
  DirectoryNotFoundError,
  FileNotFoundError,
  InvalidOperationError,
  NotSupportedError,
  ObjectDisposedError,
  PlatformNotSupportedError,
  TransportRuleError,
} from './errors.ts';
export { netstat, sockets } from './netstat.ts';
export { platformRuntime } from './platform.ts';
export { quote } from './quote.ts';
export { RelayChannel, RelayDatagramChannel, RelayListener, RelayTransport } from './relay.ts';
export { Semaphore, type SemaphoreOptions, type SemaphoreWaitOptions } from './semaphore.ts';
export { SendPacketsElement } from './send-packets-element.ts';
export {
  type CloseOptions,
  type DrainOptions,
  type DrainResult,
  type EndOptions,
  type ReceivedFrom,
  type ReceivedMessageFrom,
  Socket,
  type SocketOptions,
} from './socket.ts';
export {
  type AnyArgs,
  SocketAsyncEventArgs,
  type SocketAsyncEventArgsOptions,
} from './socket-async-event-args.ts';
export { SocketAsyncEventArgsPool } from './socket-async-event-args-pool.ts';
export { SocketException, type SocketExceptionOptions, socketErrorOf } from './socket-exception.ts';
export type { MulticastGroup, SocketOptionMap } from './socket-options.ts';
export type { SocketStats } from './socket-stats.ts';
export type {
  Capabilities,
  Channel,
  ChannelSink,
  DatagramChannel,
  DatagramSink,
  FileSource,
  Handle,
  HandleSink,
  IPPacketInformation,
  Listener,
  ListenerSink,
  OpenOptions,
  Probe,
  Runtime,
  Transport,
} from './transport.ts';
