import { type Draw, seeded } from '../src/seeded.ts';
import { loopback, type LoopbackOptions } from '@proactor/testing';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { connectTo, counting, type End, listenAt, RecordingSink, turns } from './recording-sinks.ts';

const BYTES = 2_000;

const courses: readonly [name: string, options: LoopbackOptions][] = [
  ['uncut', {}],
  ['in pieces', { chunkBytes: [1, 40] }],
  ['slow', { creditBytes: 25 }],
  ['in pieces and slow', { chunkBytes: [5, 90], creditBytes: 30 }],
];

/** One end that writes `BYTES` bytes in pieces of any size, then ends, and reads in allowances of any size; acts inside upcalls too. */
class Talker {
  readonly sink: RecordingSink;
  end: End | null = null;
  readonly #draw: Draw;
  readonly #words: Uint8Array;
  #at = 0;
  #lent = 0;
  #offered = false;
  #ended = false;
  #allowed = 0;
  #heard = 0;

  constructor(name: string, trace: string[], draw: Draw, words: Uint8Array) {
    this.sink = new RecordingSink(name, trace);
    this.#draw = draw;
    this.#words = words;
    this.sink.inside = (upcall) => {
      if (upcall === 'data') this.#check();
      if (upcall === 'written') {
        assert.ok(this.#lent > 0 && !this.#offered, 'written() without a lent rest');
        this.#lent = 0;
      }
      if (this.end !== null && draw(3) === 0) this.step();
    };
  }

  get isDone(): boolean {
    return this.#ended && this.sink.calls.includes('end');
  }

  step(): void {
    const end = this.end as End;
    if (this.#draw(2) === 0) {
      this.#allowed = this.#draw(4) === 0 ? 0 : this.#draw(60);
      end.channel.demand(this.#allowed);
    } else if (this.#lent === 0 && !this.#offered && this.#at < BYTES) {
      const chunk = this.#words.subarray(this.#at, this.#at + 1 + this.#draw(80));
      this.#at += chunk.length;
      this.#offered = true;
      const finished =
        this.#draw(2) === 0
          ? end.channel.write(chunk)
          : (end.channel.writeMany?.([chunk.subarray(0, 3), chunk.subarray(3)]) ?? 0);
      this.#offered = false;
      assert.ok(finished >= 0 && finished <= chunk.length);
      this.#lent = chunk.length - finished;
    } else if (this.#lent === 0 && !this.#offered && !this.#ended) {
      this.#ended = true;
      end.channel.shutdown();
    }
  }

  #check(): void {
    const piece = this.sink.bytes.length - this.#heard;
    assert.ok(piece >= 1, 'an empty piece');
    assert.ok(piece <= this.#allowed, `${piece} bytes where ${this.#allowed} were allowed`);
    this.#heard += piece;
    this.#allowed -= piece;
  }
}

async function converse(options: LoopbackOptions, seed: number): Promise<string[]> {
  const trace: string[] = [];
  const draw = seeded(seed);
  const network = loopback(options);
  const { sink: listener } = listenAt(network);
  const server = new Talker('server', trace, draw, counting(BYTES, 100));
  const client = new Talker('client', trace, draw, counting(BYTES));
  listener.decide = (make) => {
    server.end = { sink: server.sink, channel: make(server.sink) };
    return true;
  };
  client.end = connectTo(network, undefined, undefined, client.sink);
  for (let turn = 0; !client.isDone || !server.isDone; turn += 1) {
    assert.ok(turn < 20_000, `stuck: ${trace.slice(-5).join(', ')}`);
    (draw(2) === 0 ? client : server).step();
    if (draw(4) === 0) await turns(1);
  }
  assert.equal(client.sink.bytes, [...counting(BYTES, 100)]);
  assert.equal(server.sink.bytes, [...counting(BYTES)]);
  client.end.channel.close(false);
  server.end?.channel.close(false);
  assert.is(client.sink.closedTimes, 1);
  assert.is(server.sink.closedTimes, 1);
  return trace;
}

for (const [name, options] of courses) {
  test(`two talkers of any habits hear every byte of each other, ${name}`, async () => {
    for (let seed = 1; seed <= 20; seed += 1) {
      try {
        await converse(options, seed);
      } catch (error) {
        throw new Error(`seed ${seed}: ${String(error)}`, { cause: error });
      }
    }
  });

  test(`the same course twice, ${name}`, async () => {
    assert.equal(await converse(options, 99), await converse(options, 99));
  });
}

test.run();
