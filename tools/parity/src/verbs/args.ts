/** Verbs that make, change and read an args, its handlers and its buffers. */

import {
  InvalidOperationError,
  SocketAsyncOperation,
  SocketError,
  SocketFlags,
  TransmitFileOptions,
} from '@proactor/core';
import type { Interpreter, Saw, Verb } from '../interpreter.ts';
import type { Json, JsonObject } from '../json.ts';
import { ObservedArgs } from '../observed-args.ts';
import { ScenarioError } from '../scenario-error.ts';
import { Step } from '../step.ts';
import {
  parseBits,
  parseEnum,
  showBytes,
  showEnum,
  showError,
  showFlags,
  showPacketInfo,
  showTransmitFileOptions,
  threw,
} from '../values.ts';
import type { World } from '../world.ts';
import { attempt } from './attempt.ts';

export const ARGS_VERBS: Readonly<Record<string, Verb>> = {
  args: newArgs,
  setBuffer,
  set({ world }, step) {
    const args = world.args(step.text('args'));
    const field = step.text('field');
    const set = SETTERS[field];
    if (set === undefined) throw new ScenarioError(`set: no "${field}"`);
    const to = step.node('to') ?? null;
    return attempt(() => set(args, to, world));
  },
  get({ world }, step) {
    const args = world.args(step.text('args'));
    const saw: Record<string, Json> = {};
    for (const field of step.names('fields')) {
      const get = GETTERS[field];
      if (get === undefined) throw new ScenarioError(`get: no "${field}"`);
      saw[field] = get(args, world);
    }
    return saw;
  },
  dispose({ world }, step) {
    const args = world.args(step.text('args'));
    return attempt(() => args.dispose());
  },
  on: addHandler,
  off({ world }, step) {
    const args = world.args(step.text('args'));
    args.off('completed', handlerOf(args, step.text('handler')));
    return undefined;
  },
  show({ world }, step) {
    return showBytes(world.bytes(step.text('bytes')));
  },
  element({ world }, step) {
    try {
      const element = world.element(step.node('of'));
      if (element === null) throw new ScenarioError('element: null has no properties');
      return {
        buffer: world.nameOfBytes(element.buffer),
        memoryBuffer: element.memoryBuffer?.byteLength ?? null,
        filePath: world.showPath(element.filePath),
        fileStream: world.nameOfStream(element.fileStream),
        offset: element.offset,
        count: element.count,
        endOfPacket: element.endOfPacket,
      };
    } catch (error) {
      if (error instanceof ScenarioError) throw error;
      return threw(error);
    }
  },
  position({ world }, step) {
    return world.stream(step.text('stream')).position;
  },
};

function newArgs(run: Interpreter, step: Step): undefined {
  const { world } = run;
  const name = step.text('as');
  const args = new ObservedArgs(name, {
    flows: !step.flag('suppressFlow'),
    observed: step.flag('observed', true),
    contextNow: () => run.contextNow(),
  });
  world.addArgs(args);
  const buffer = step.textOrNull('buffer');
  if (buffer !== null) {
    const array = world.addBytes(`${name}.buffer`, world.bytes(buffer));
    args.setBuffer(array, 0, array.byteLength);
  }
  const memory = step.textOrNull('memory');
  if (memory !== null) args.setBuffer(world.addBytes(`${name}.buffer`, world.memory(memory)));
  if (step.has('list')) args.bufferList = world.addList(`${name}.list`, step.list('list')) as Uint8Array[];
  const remote = step.textOrNull('remoteEndPoint');
  if (remote !== null) args.remoteEndPoint = world.endPoint(remote);
  return undefined;
}

function setBuffer({ world }: Interpreter, step: Step): Json {
  const args = world.args(step.text('args'));
  if (step.has('memory')) {
    const text = step.textOrNull('memory');
    let memory = text === null ? new Uint8Array(0) : world.memory(text);
    if (step.has('from')) {
      const from = step.number('from');
      memory = memory.subarray(from, from + step.number('length'));
    }
    return attempt(() => args.setBuffer(memory));
  }
  const offset = step.number('offset', 0);
  const count = step.number('count', 0);
  if (!step.has('array')) return attempt(() => args.setBuffer(offset, count));
  const name = step.textOrNull('array');
  if (name === null) return attempt(() => args.setBuffer(null, offset, count));
  const array = world.bytes(name);
  return attempt(() => args.setBuffer(array, offset, count));
}

const SETTERS: Readonly<Record<string, (args: ObservedArgs, to: Json, world: World) => void>> = {
  acceptSocket(args, to, world) {
    args.acceptSocket = to === null ? null : world.socket(String(to));
  },
  bufferList(args, to, world) {
    args.bufferList = to === null ? null : (world.list(String(to)) as Uint8Array[]);
  },
  disconnectReuseSocket(args, to) {
    args.disconnectReuseSocket = to === true;
  },
  remoteEndPoint(args, to, world) {
    args.remoteEndPoint = to === null ? null : world.endPoint(String(to));
  },
  sendPacketsElements(args, to, world) {
    args.sendPacketsElements = to === null ? null : world.elements(String(to));
  },
  sendPacketsFlags(args, to) {
    args.sendPacketsFlags = parseBits(TransmitFileOptions, String(to));
  },
  sendPacketsSendSize(args, to) {
    args.sendPacketsSendSize = Number(to);
  },
  socketError(args, to) {
    args.socketError = parseEnum(SocketError, String(to)) as SocketError;
  },
  socketFlags(args, to) {
    args.socketFlags = parseBits(SocketFlags, String(to));
  },
  userToken(args, to) {
    args.userToken = to as string | null;
  },
};

const GETTERS: Readonly<Record<string, (args: ObservedArgs, world: World) => Json>> = {
  acceptSocket: (args, world) => world.nameOfSocket(args.acceptSocket),
  buffer: (args, world) => world.nameOfBytes(args.buffer),
  bufferList: (args, world) => world.nameOfList(args.bufferList),
  bytesTransferred: (args) => args.bytesTransferred,
  connectByNameError: (args) => showError(args.connectByNameError),
  connectSocket: (args, world) => world.nameOfSocket(args.connectSocket),
  count: (args) => args.count,
  disconnectReuseSocket: (args) => args.disconnectReuseSocket,
  lastOperation: (args) => showEnum(SocketAsyncOperation, args.lastOperation),
  memoryBuffer: (args, world) => world.showMemory(args.memoryBuffer),
  offset: (args) => args.offset,
  packetInfo: (args) => showPacketInfo(args.receiveMessageFromPacketInfo),
  remoteEndPoint: (args, world) => world.showEndPoint(args.remoteEndPoint),
  sendPacketsElements: (args, world) => world.nameOfElements(args.sendPacketsElements),
  sendPacketsFlags: (args) => showTransmitFileOptions(args.sendPacketsFlags),
  sendPacketsSendSize: (args) => args.sendPacketsSendSize,
  socketError: (args) => showEnum(SocketError, args.socketError),
  socketFlags: (args) => showFlags(args.socketFlags),
  userToken: (args) => args.userToken,
};

const HANDLERS = new WeakMap<ObservedArgs, Map<string, () => void>>();

function handlerOf(args: ObservedArgs, name: string): () => void {
  const handler = HANDLERS.get(args)?.get(name);
  if (handler === undefined) throw new ScenarioError(`no handler "${name}"`);
  return handler;
}

/** It writes its name into the completion, runs its own steps (the first `times` times), then throws if asked to. */
function addHandler(run: Interpreter, step: Step): undefined {
  const args = run.world.args(step.text('args'));
  const name = step.text('handler');
  const steps = step.steps('steps');
  const throws = step.flag('throws');
  let left = step.number('times', Number.POSITIVE_INFINITY);
  const handler = (): void => {
    const { running } = args;
    const saw: Json[] = [];
    running.ran.push({ handler: name, saw });
    if (left-- > 0) {
      running.unfinished += 1;
      const rest = runSteps(run, steps, saw);
      const finish = (): void => {
        running.unfinished -= 1;
      };
      if (rest === null) finish();
      else
        rest.then(finish, (error: unknown) => {
          running.thrown = error;
          finish();
        });
    }
    if (throws) throw new InvalidOperationError('thrown by a handler');
  };
  const handlers = HANDLERS.get(args) ?? new Map<string, () => void>();
  HANDLERS.set(args, handlers.set(name, handler));
  args.on('completed', handler);
  return undefined;
}

/** At once as far as the steps allow; null = all of them. */
function runSteps(run: Interpreter, steps: readonly JsonObject[], saw: Json[]): Promise<void> | null {
  for (const [index, json] of steps.entries()) {
    const one: Saw | Promise<Saw> = run.do(new Step(json));
    if (one instanceof Promise) {
      return one.then((value) => {
        if (value !== undefined) saw.push(value);
        return runSteps(run, steps.slice(index + 1), saw) ?? undefined;
      });
    }
    if (one !== undefined) saw.push(one);
  }
  return null;
}
