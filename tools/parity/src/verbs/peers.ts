/** What a peer does and sees, by blocking calls. */

import { type EndPoint, SocketAsyncEventArgs, SocketError } from '@proactor/core';
import { read, write } from '../blocking.ts';
import type { Verb } from '../interpreter.ts';
import type { Json } from '../json.ts';
import { PATIENCE_MS } from '../network.ts';
import { showBytes } from '../values.ts';
import { attemptLater } from './attempt.ts';

export const PEER_VERBS: Readonly<Record<string, Verb>> = {
  write({ world, network }, step) {
    const name = step.text('on');
    const bytes = world.bytes(step.text('bytes'));
    const peer = world.peer(name);
    if (peer !== null)
      return peer
        .write(bytes)
        .then(
          (error): Json =>
            error === null ? 'ok' : { threw: { type: 'SocketException', socketError: error } },
        );
    const socket = world.socket(name);
    return attemptLater(() => write(network, socket, bytes));
  },
  async read({ world, network }, step) {
    const name = step.text('on');
    const count = step.has('count') ? step.number('count') : Number.POSITIVE_INFINITY;
    const keep = step.textOrNull('keep');
    const { then, bytes } = await (world.peer(name)?.read(count) ?? read(network, world.socket(name), count));
    const kept: Record<string, Json> =
      keep === 'some' ? { some: bytes.byteLength > 0 } : { data: showBytes(bytes) };
    return { then, ...kept };
  },
  writeTo({ world, network }, step) {
    const socket = world.socket(step.text('on'));
    const to: EndPoint = world.endPoint(step.text('to'));
    const bytes = world.bytes(step.text('bytes'));
    return attemptLater(async () => {
      const sent = socket.sendTo(bytes, to);
      await network.pass(0);
      await sent;
    });
  },
  async readFrom({ world, network }, step) {
    const socket = world.socket(step.text('on'));
    const within = step.number('within', PATIENCE_MS);
    const e = new SocketAsyncEventArgs();
    const room = new Uint8Array(65_536);
    e.setBuffer(room, 0, room.byteLength);
    e.remoteEndPoint = socket.localEndPoint;
    let over = false;
    e.once('completed', () => {
      over = true;
    });
    if (socket.receiveFromAsync(e) && !(await network.until(() => over, within))) {
      socket.cancel(e);
      await network.until(() => over, PATIENCE_MS);
      return 'nothing';
    }
    if (e.socketError !== SocketError.Success) return { error: SocketError[e.socketError] ?? null };
    return {
      data: showBytes(room.subarray(0, e.bytesTransferred)),
      from: world.showEndPoint(e.remoteEndPoint),
    };
  },
};
