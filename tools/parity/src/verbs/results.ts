/** The results of an operation, and of a completion, as they are recorded. */

import { type Socket, SocketAsyncOperation, SocketError } from '@proactor/core';
import type { Interpreter } from '../interpreter.ts';
import type { Json, JsonObject } from '../json.ts';
import type { Completion, ObservedArgs, Result } from '../observed-args.ts';
import { ScenarioError } from '../scenario-error.ts';
import type { Step } from '../step.ts';
import { showBytes, showEnum, showError, showFlags, showPacketInfo } from '../values.ts';
import type { World } from '../world.ts';

/** The fields that mean something for the operation. */
export function showResult(world: World, args: ObservedArgs, result: Result): JsonObject {
  return {
    lastOperation: showEnum(SocketAsyncOperation, result.operation),
    socketError: showEnum(SocketError, result.error),
    bytesTransferred: result.bytes,
    socketFlags: showFlags(result.flags),
    ...(result.data === null ? {} : { data: showBytes(result.data) }),
    ...(result.list === null ? {} : { list: result.list.map(showBytes) }),
    ...showSpecific(world, args, result),
  };
}

function showSpecific(world: World, args: ObservedArgs, result: Result): JsonObject {
  const { operation } = result;
  if (operation === SocketAsyncOperation.Accept) {
    nameNew(world, args, result.acceptSocket);
    return { acceptSocket: world.nameOfSocket(result.acceptSocket) };
  }
  if (operation === SocketAsyncOperation.Connect) {
    nameNew(world, args, result.connectSocket);
    return {
      connectSocket: world.nameOfSocket(result.connectSocket),
      connectByNameError: showError(result.connectByNameError),
    };
  }
  if (!WITH_REMOTE.has(operation)) return {};
  const remoteEndPoint = world.showEndPoint(result.remoteEndPoint);
  return operation === SocketAsyncOperation.ReceiveMessageFrom
    ? { remoteEndPoint, packetInfo: showPacketInfo(result.packetInfo) }
    : { remoteEndPoint };
}

const WITH_REMOTE: ReadonlySet<SocketAsyncOperation> = new Set([
  SocketAsyncOperation.ReceiveFrom,
  SocketAsyncOperation.ReceiveMessageFrom,
  SocketAsyncOperation.SendTo,
]);

function nameNew(world: World, args: ObservedArgs, socket: Socket | null): void {
  if (args.brings !== null && socket !== null && world.nameOfSocket(socket) === 'new')
    world.addSocket(args.brings, socket);
}

/** What `completed` and `settle` see of one. */
export function showCompletion(
  run: Interpreter,
  step: Step,
  args: ObservedArgs,
  completion: Completion,
): JsonObject {
  const { result, ran, thrown } = completion;
  if (thrown instanceof ScenarioError) throw thrown;
  const asEvent = !args.byOutcome && !completion.inline;
  if (!args.byOutcome && completion.inline) step.notes.add('done inside the call');
  const rough = step.flag('rough');
  const shown = showResult(run.world, args, result); // names what is new, before the sender is told by its name
  return {
    events: 1,
    ...(completion.sender !== undefined && asEvent
      ? { sender: run.world.nameOfSocket(completion.sender) }
      : {}),
    ...shown,
    ...(rough ? { bytesTransferred: roughly(result.bytes, args.count) } : {}),
    ...(run.contextUsed && asEvent ? { context: completion.context } : {}),
    ...(ran.length > 0
      ? { ran: ran.map(({ handler, saw }): Json => (saw.length > 0 ? { handler, saw } : { handler })) }
      : {}),
    ...(thrown === undefined ? {} : { handlerThrew: showError(thrown) }),
  };
}

function roughly(bytes: number, count: number): string {
  if (bytes === 0) return 'none';
  return bytes < count ? 'some' : 'all';
}
