/** Verbs that start an operation. */

import { NotSupportedError, Socket } from '@proactor/core';
import type { Interpreter, Saw, Verb } from '../interpreter.ts';
import { isObject, type Json } from '../json.ts';
import type { ObservedArgs } from '../observed-args.ts';
import { NotHere } from '../scenario-error.ts';
import type { Step } from '../step.ts';
import { threw } from '../values.ts';
import { attempt } from './attempt.ts';
import { showResult } from './results.ts';

export const OPERATION_VERBS: Readonly<Record<string, Verb>> = {
  accept: (run, step) => start(run, step, (socket, args) => socket.acceptAsync(args)),
  connect: (run, step) => start(run, step, (socket, args) => socket.connectAsync(args)),
  disconnect: (run, step) => start(run, step, (socket, args) => socket.disconnectAsync(args)),
  receive: (run, step) => start(run, step, (socket, args) => socket.receiveAsync(args)),
  receiveFrom: (run, step) => start(run, step, (socket, args) => socket.receiveFromAsync(args)),
  receiveMessageFrom: (run, step) => start(run, step, (socket, args) => socket.receiveMessageFromAsync(args)),
  send: (run, step) => start(run, step, (socket, args) => socket.sendAsync(args)),
  sendTo: (run, step) => start(run, step, (socket, args) => socket.sendToAsync(args)),
  sendPackets: (run, step) => start(run, step, (socket, args) => socket.sendPacketsAsync(args)),
  staticConnect(run, step) {
    const transport = run.network.transportFor('tcp');
    return begin(run, step, null, (args) => Socket.connectAsync(transport, args));
  },
  cancelConnect({ world }, step) {
    const name = step.textOrNull('args');
    const args = name === null ? null : world.args(name);
    return attempt(() => Socket.cancelConnectAsync(args as ObservedArgs));
  },
};

function start(
  run: Interpreter,
  step: Step,
  call: (socket: Socket, args: ObservedArgs) => boolean,
): Saw | Promise<Saw> {
  const socket = run.world.socket(step.text('on'));
  return begin(run, step, socket, (args) => call(socket, args));
}

function begin(
  run: Interpreter,
  step: Step,
  socket: Socket | null,
  call: (args: ObservedArgs) => boolean,
): Saw | Promise<Saw> {
  const { world } = run;
  const name = step.textOrNull('args');
  const args = name === null ? null : world.args(name);
  const compare = step.textOrNull('compare');
  const byOutcome = compare === null ? run.byOutcome : compare === 'outcome';
  const brings = step.textOrNull('names');
  step.flag('suppressFlow'); // there is no such thing here; see the deviations
  if (
    socket !== null &&
    step.verb.startsWith('receive') &&
    !socket.transport.name.startsWith('loopback') &&
    holdsBack(run, socket)
  ) {
    step.notes.add('held back');
  }
  let pending: boolean;
  const before = args?.total ?? 0;
  try {
    if (args !== null) args.byOutcome = byOutcome;
    pending = call(args as ObservedArgs);
  } catch (error) {
    if (error instanceof NotSupportedError && error.message.includes('not part of this version')) {
      throw new NotHere(`${step.verb} is not part of this version`);
    }
    return threw(error);
  }
  if (args === null) return { returned: pending };
  args.brings = brings;
  if (byOutcome) {
    if (!pending) args.addInline();
    return 'started';
  }
  const expected = isObject(step.expected) ? step.expected['returned'] : undefined;
  if (pending) return expected === false ? lateCompletion(run, step, args, before) : { returned: true };
  if (expected === true && LATER.has(step.verb)) {
    args.addInline();
    step.notes.add('done inside the call');
    return { returned: false };
  }
  return { returned: false, ...showResult(world, args, args.snapshot()) };
}

/** .NET was done inside the call, this is not: what comes of it is compared all the same. */
async function lateCompletion(
  run: Interpreter,
  step: Step,
  args: ObservedArgs,
  before: number,
): Promise<Json> {
  const { network, world } = run;
  await network.until(() => args.total > before, LATE_MS);
  const completion = args.total > before ? args.withdrawLast() : undefined;
  if (completion === undefined) return { returned: true };
  step.notes.add('done after the call');
  return { returned: true, ...showResult(world, args, completion.result) };
}

function holdsBack(run: Interpreter, socket: Socket): boolean {
  try {
    return run.network.holdsBack(socket);
  } catch {
    return false; // closed
  }
}

/** Operations of which an implementation may know the outcome earlier than the kernel. */
const LATER: ReadonlySet<string> = new Set(['connect', 'staticConnect', 'send', 'sendTo', 'sendPackets']);

const LATE_MS = 2_000;
