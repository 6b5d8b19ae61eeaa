// Programs by dice on a port driven by hand: whatever is called in whatever order, every operation that was accepted is told exactly once.
import {
  type EndPoint,
  SendPacketsElement,
  SocketAsyncEventArgs,
  SocketError,
  SocketFlags,
} from '@proactor/core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { boundPort, fromAny, PEER, sendingTo, STRANGER } from './datagram-stage.ts';
import { errno } from './stage.ts';

/** xorshift: the same numbers in every run. */
function dice(seed: number): (sides: number) => number {
  let state = seed;
  return (sides) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % sides;
  };
}

interface Started {
  readonly e: SocketAsyncEventArgs;
  readonly kind: 'receive' | 'send' | 'packets' | 'connect';
  readonly pending: boolean;
  completions: number;
}

class Program {
  readonly stage = boundPort();
  readonly started: Started[] = [];
  readonly roll: (sides: number) => number;
  /** Numbers of the datagrams, in the order in which they were taken. */
  readonly taken: number[] = [];
  next = 1;
  inHandler = false;
  /** A unit is down. */
  lent = false;
  over = false;

  constructor(seed: number) {
    this.roll = dice(seed);
    this.stage.port.answer = () => {
      if (this.roll(10) === 0) throw errno('EPERM');
      this.lent = this.roll(2) === 0;
      return this.lent;
    };
  }

  run(steps: number): void {
    for (let i = 0; i < steps; i++) this.step();
    this.finish();
  }

  step(): void {
    const { socket, port, runtime } = this.stage;
    switch (this.roll(14)) {
      case 0:
      case 1:
      case 2:
        this.receive();
        break;
      case 3:
      case 4:
        this.start('send', sendingTo([], '', this.roll(5), this.place()), (e) => socket.sendToAsync(e));
        break;
      case 5:
        this.start('send', sendingTo([], '', this.roll(5)), (e) => socket.sendAsync(e));
        break;
      case 6:
        if (socket.connected) this.packets();
        break;
      case 7:
      case 8:
        this.data();
        break;
      case 9:
        this.sent();
        break;
      case 10:
        port.softError(errno('ECONNREFUSED'));
        break;
      case 11:
        this.cancelOne();
        break;
      case 12:
        if (this.roll(2) === 0)
          this.start('connect', sendingTo([], '', 0, this.place()), (e) => socket.connectAsync(e));
        else if (!this.inHandler) runtime.advance(this.roll(300));
        break;
      default:
        if (!this.inHandler) runtime.turn(); // a macrotask never comes inside a handler
    }
  }

  sent(): void {
    if (!this.lent) return;
    this.lent = false;
    this.stage.port.sent(this.roll(4) === 0 ? errno('EPERM') : undefined);
  }

  place(): EndPoint {
    return this.roll(3) === 0 ? STRANGER : PEER;
  }

  receive(): void {
    const { socket } = this.stage;
    const verb =
      (['receiveAsync', 'receiveFromAsync', 'receiveMessageFromAsync'] as const)[this.roll(3)] ??
      'receiveAsync';
    const e = fromAny([], '', this.roll(6) === 0 ? 0 : 8);
    if (this.roll(6) === 0) e.socketFlags = SocketFlags.Peek;
    const takes = e.count > 0 && e.socketFlags === SocketFlags.None;
    e.userToken = takes;
    this.start('receive', e, (args) => socket[verb](args));
  }

  packets(): void {
    const e = new SocketAsyncEventArgs();
    e.sendPacketsElements = Array.from(
      { length: this.roll(4) },
      () => new SendPacketsElement(new Uint8Array(1 + this.roll(5))),
    );
    this.start('packets', e, (args) => this.stage.socket.sendPacketsAsync(args));
  }

  data(): void {
    const number = this.next++;
    this.stage.port.data([number & 255, number >> 8], this.place());
  }

  cancelOne(): void {
    const open = this.started.filter(({ pending, completions }) => pending && completions === 0);
    const one = open[this.roll(Math.max(1, open.length))];
    if (one !== undefined) this.stage.socket.cancel(one.e);
  }

  start(kind: Started['kind'], e: SocketAsyncEventArgs, call: (e: SocketAsyncEventArgs) => boolean): void {
    if (this.roll(5) === 0) e.timeout = 1 + this.roll(200);
    const record: { -readonly [K in keyof Started]: Started[K] } = { e, kind, pending: true, completions: 0 };
    let inside = true;
    e.on('completed', () => {
      assert.not(inside, 'told inside the call');
      assert.not(this.inHandler, 'a handler inside another');
      this.inHandler = true;
      record.completions++;
      this.told(record);
      if (!this.over && this.roll(5) === 0) this.step();
      this.inHandler = false;
    });
    this.started.push(record);
    record.pending = call(e);
    inside = false;
    if (!record.pending) this.told(record);
  }

  told({ e, kind }: Started): void {
    if (e.socketError !== SocketError.Success) {
      if (kind !== 'packets') assert.is(e.bytesTransferred, 0);
      return;
    }
    if (kind !== 'receive' || e.userToken !== true) return;
    assert.is(e.bytesTransferred, 2);
    this.taken.push((e.memoryBuffer[0] as number) + 256 * (e.memoryBuffer[1] as number));
  }

  finish(): void {
    const { socket, port, runtime } = this.stage;
    this.over = true;
    socket.close();
    runtime.settle();
    if (this.roll(2) === 0) this.sent();
    port.closed(this.roll(2) === 0 ? errno('EIO') : undefined);
    runtime.settle();
    runtime.advance(1_000);
    runtime.settle();
    for (const { pending, completions, kind, e } of this.started)
      assert.is(completions, pending ? 1 : 0, `${kind} ${SocketError[e.socketError]}`);
    const sorted = [...this.taken].sort((a, b) => a - b);
    assert.equal(this.taken, sorted, 'in the order of their coming');
    assert.is(new Set(this.taken).size, this.taken.length, 'none twice');
    assert.equal(
      [socket.stats.queuedSendBytes, socket.stats.inboxBytes, socket.stats.lateUpcalls],
      [0, 0, 0],
    );
    assert.is(runtime.timers.size, 0);
  }
}

const once = suite('datagrams: exactly once, by dice');

for (let seed = 1; seed <= 40; seed++) {
  once(`program ${seed}`, async () => {
    const program = new Program(seed * 104_729);
    program.run(300);
    await program.stage.socket.closed;
  });
}

once.run();
