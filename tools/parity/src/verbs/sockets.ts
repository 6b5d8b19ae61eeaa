/** The plain calls of a socket, and what can be read of it. */

import { type Socket, SocketShutdown } from '@proactor/core';
import { connect } from '../blocking.ts';
import type { Interpreter, Verb } from '../interpreter.ts';
import type { Json } from '../json.ts';
import { type Arrival, PATIENCE_MS } from '../network.ts';
import { ScenarioError } from '../scenario-error.ts';
import type { Step } from '../step.ts';
import { parseEnum, threw } from '../values.ts';
import type { World } from '../world.ts';
import { attempt, attemptLater } from './attempt.ts';

export const SOCKET_VERBS: Readonly<Record<string, Verb>> = {
  bind({ world }, step) {
    const name = step.text('on');
    const socket = world.socket(name);
    const to = world.endPoint(step.text('to'));
    const saw = attempt(() => socket.bind(to));
    if (saw === 'ok') world.learnPort(name, socket);
    return saw;
  },
  listen({ world }, step) {
    const name = step.text('on');
    const socket = world.socket(name);
    const backlog = step.number('backlog', 10);
    return attemptLater(async () => {
      await socket.listen(backlog);
      world.learnPort(name, socket);
    });
  },
  connectNow({ world, network }, step) {
    const socket = world.socket(step.text('on'));
    const to = world.endPoint(step.text('to'));
    return attemptLater(() => connect(network, socket, to));
  },
  option,
  shutdown({ world }, step) {
    const name = step.text('on');
    const how = parseEnum(SocketShutdown, step.text('how')) as SocketShutdown;
    const peer = world.peer(name);
    if (peer !== null) return attemptLater(() => peer.shutdownSend());
    const socket = world.socket(name);
    return attempt(() => socket.shutdown(how));
  },
  close({ world }, step) {
    const name = step.text('on');
    const abort = step.flag('abort');
    const timeout = step.has('timeout') ? step.number('timeout') : undefined;
    const plain = world.peer(name) ?? world.peerListener(name);
    if (plain !== null) return attemptLater(async () => plain.close(abort));
    const socket = world.socket(name);
    return attempt(() => {
      if (abort) socket.close({ abort: true });
      else socket.close({ timeout });
    });
  },
  look({ world }, step) {
    const socket = world.socket(step.text('on'));
    const saw: Record<string, Json> = {};
    for (const at of step.names('at')) {
      const look = LOOKS[at];
      if (look === undefined) throw new ScenarioError(`look: no "${at}"`);
      try {
        saw[at] = look(socket, world);
      } catch (error) {
        saw[at] = threw(error);
      }
    }
    return saw;
  },
  async wait({ world, network }, step) {
    const what = step.text('for');
    if (!ARRIVALS.has(what)) throw new ScenarioError(`wait: no "${what}"`);
    const name = step.text('on');
    const bytes = step.number('bytes', 1);
    const peer = world.peer(name);
    const came =
      peer !== null && network.plain !== undefined
        ? await network.plain.arrived(peer, what as Arrival, bytes, PATIENCE_MS)
        : await network.arrived(world.socket(name), what as Arrival, bytes, PATIENCE_MS);
    return came ? undefined : 'in vain';
  },
};

const ARRIVALS: ReadonlySet<string> = new Set<Arrival>([
  'data',
  'datagram',
  'connection',
  'end',
  'reset',
  'error',
]);

/** What a socket here does not have is answered as .NET answers on a platform without it. */
function option({ world }: Interpreter, step: Step): Json {
  const socket = world.socket(step.text('on'));
  const name = step.text('name');
  const value = step.node('value') ?? null;
  return attempt(() => {
    // Not among the options of a Socket here: it refuses them by name.
    socket.setOption(name as 'linger', value as number);
  });
}

const LOOKS: Readonly<Record<string, (socket: Socket, world: World) => Json>> = {
  connected: (socket) => socket.connected,
  isBound: (socket) => socket.isBound,
  available: (socket) => socket.available,
  blocking: (socket) => (socket as unknown as { readonly blocking?: boolean }).blocking ?? null,
  noDelay: (socket) => socket.getOption('noDelay') ?? null,
  localEndPoint: (socket, world) => world.showEndPoint(socket.localEndPoint),
  remoteEndPoint: (socket, world) => world.showEndPoint(socket.remoteEndPoint),
};
