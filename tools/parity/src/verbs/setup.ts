/** Verbs that make things: they observe nothing and must simply work. */

import { type EndPoint, IPEndPoint } from '@proactor/core';
import { accept, connect } from '../blocking.ts';
import type { Interpreter, Verb } from '../interpreter.ts';
import type { Network, PlainPeers } from '../network.ts';
import { ScenarioError } from '../scenario-error.ts';
import type { Step } from '../step.ts';
import { kindFor, kindOf, newSocket } from '../socket-kinds.ts';
import type { World } from '../world.ts';

export const SETUP_VERBS: Readonly<Record<string, Verb>> = {
  pair,
  listener,
  dial,
  take,
  socket({ world, network }, step) {
    world.addSocket(step.text('as'), newSocket(network, kindOf(step.text('kind'))));
    return undefined;
  },
  async deadPort({ world, network }, step) {
    world.addDeadPort(step.text('as'), await network.deadPort());
    return undefined;
  },
  bytes({ world }, step) {
    world.addBytes(step.text('as'), world.bytes(step.text('of')));
    return undefined;
  },
  list({ world }, step) {
    world.addList(step.text('as'), step.list('of'));
    return undefined;
  },
  editList({ world }, step) {
    const list = world.list(step.text('list'));
    if (step.has('add')) list.push(world.segment(step.node('add')));
    if (step.has('index')) list[step.number('index')] = world.segment(step.node('to'));
    if (step.flag('clear')) list.length = 0;
    return undefined;
  },
  file({ world }, step) {
    world.addFile(step.text('as'), world.bytes(step.text('of')));
    return undefined;
  },
  elements({ world }, step) {
    world.addElements(step.text('as'), step.list('of'));
    return undefined;
  },
  editElements({ world }, step) {
    world.elements(step.text('of'))[step.number('index')] = world.element(step.node('to'));
    return undefined;
  },
  context(run, step) {
    run.context = step.textOrNull('value');
    run.contextUsed = true;
    return undefined;
  },
};

async function pair(run: Interpreter, step: Step): Promise<undefined> {
  const { world, network, plain } = run;
  const at = step.textOrNull('at') ?? '127.0.0.1:0';
  const client = step.textOrNull('client') ?? 'C';
  const server = step.textOrNull('server') ?? 'S';
  if (plain.sockets.has(server)) {
    const place = ipEndPoint(world, at);
    world.addPeer(server, await plainOf(network).accept(place, (to) => connectAs(run, client, at, to)));
    return undefined;
  }
  const listening = newSocket(network, kindFor(at));
  listening.bind(world.endPoint(at));
  await listening.listen(1);
  await connectAs(run, client, at, listening.localEndPoint ?? world.endPoint(at));
  world.addSocket(server, await accept(network, listening));
  listening.close();
  return undefined;
}

/** A connected socket of that name, plain where it may be. */
async function connectAs(
  { world, network, plain }: Interpreter,
  name: string,
  like: string,
  to: EndPoint,
): Promise<void> {
  if (plain.sockets.has(name) && to instanceof IPEndPoint) {
    world.addPeer(name, await plainOf(network).dial(to));
    return;
  }
  const socket = newSocket(network, kindFor(like));
  await connect(network, socket, to);
  world.addSocket(name, socket);
}

async function listener({ world, network, plain }: Interpreter, step: Step): Promise<undefined> {
  const name = step.text('as');
  const at = step.text('at');
  const kind = step.textOrNull('kind');
  const backlog = step.number('backlog', 10);
  if (plain.listeners.has(name)) {
    world.addPeerListener(name, await plainOf(network).listen(ipEndPoint(world, at), backlog));
    return undefined;
  }
  const socket = newSocket(network, kind === null ? kindFor(at) : kindOf(kind));
  socket.bind(world.endPoint(at));
  await socket.listen(backlog);
  world.addSocket(name, socket);
  return undefined;
}

async function dial(run: Interpreter, step: Step): Promise<undefined> {
  const to = step.text('to');
  await connectAs(run, step.text('as'), to, run.world.endPoint(to));
  return undefined;
}

async function take({ world, network }: Interpreter, step: Step): Promise<undefined> {
  const name = step.text('as');
  const on = step.text('on');
  const patient = world.peerListener(on);
  if (patient === null) world.addSocket(name, await accept(network, world.socket(on)));
  else world.addPeer(name, await patient.take());
  return undefined;
}

function plainOf({ plain }: Network): PlainPeers {
  if (plain === undefined) throw new ScenarioError('this network has no plain peers');
  return plain;
}

function ipEndPoint(world: World, text: string): IPEndPoint {
  const endPoint = world.endPoint(text);
  if (!(endPoint instanceof IPEndPoint)) throw new ScenarioError(`no IP end point "${text}"`);
  return endPoint;
}
