/** How an operation ends: results onto the args, then inline or by its handler. Every outcome of every verb passes here, once. */

import { IPEndPoint } from './end-point.ts';
import { AddressFamily } from './enums/address-family.ts';
import { SocketAsyncOperation } from './enums/socket-async-operation.ts';
import { SocketError } from './enums/socket-error.ts';
import { SocketFlags } from './enums/socket-flags.ts';
import type { Operation } from './operation.ts';
import type { SocketCore } from './socket-core.ts';
import { socketErrorOf } from './socket-exception.ts';

/**
 * Completes an operation that is in no lane any more.
 *
 * The order rule: it completes inside its own call only if nothing of its socket and direction waits, nothing settled is undelivered,
 * and the engine's budget allows it; else its handler runs later.
 */
export function complete(
  operation: Operation,
  error: SocketError,
  bytes: number,
  cause: unknown = null,
): void {
  const { args, lane } = operation;
  const core = operation.socket as SocketCore;
  args.socketError = error;
  args.socketFlags = SocketFlags.None;
  operation.bytesTransferred = bytes;
  if (operation.error !== cause) operation.error = cause;
  operation.connectByNameError = null;
  if (operation.due !== 0) core.engine.deadlines.remove(operation);
  if (error !== SocketError.Success) core.operationFailed(operation, error);
  if (operation.lastOperation === SocketAsyncOperation.Receive) core.stats.receives++;
  else if (operation.lastOperation === SocketAsyncOperation.Send) core.stats.sends++;
  else if (operation.lastOperation === SocketAsyncOperation.ReceiveMessageFrom) tellNoSender(core, operation);
  const inlines = operation.lastOperation !== SocketAsyncOperation.SendPackets; // .NET: always pending
  const alone = lane === null || (lane.head === null && lane.undelivered === 0);
  if (operation.starting && inlines && alone && core.engine.mayInline(operation)) {
    core.stats.inline++;
    core.engine.settleInline(operation);
    return;
  }
  core.stats.deferred++;
  if (lane !== null) lane.undelivered++;
  core.engine.settle(operation);
}

/** .NET: a stream has no sender to tell. */
function tellNoSender(core: SocketCore, operation: Operation): void {
  if (core.connection === null) return;
  const six = core.addresses.current === AddressFamily.InterNetworkV6;
  operation.args.remoteEndPoint = six ? IPEndPoint.ipv6Any : IPEndPoint.any;
}

/** Completes it with an error of the transport. */
export function fail(operation: Operation, error: unknown, bytes: number): void {
  complete(operation, socketErrorOf(error), bytes, error);
}
