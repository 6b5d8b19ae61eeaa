/** What holds in the workers of a cluster, one for each way of reading, at one place; for either way in which Node shares a place. */

import cluster, { type Worker } from 'node:cluster';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Socket as PlainSocket } from 'node:net';
import { type EndPoint, IPEndPoint } from '@proactor/core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Order } from './cluster-worker.ts';
import {
  deadPlace,
  pattern,
  plainClient,
  plainServer,
  readAll,
  readings,
  readSome,
  same,
  socketPath,
} from './peers.ts';

type Said = { readonly answer: unknown } | { readonly ended: string };

/** A worker of the test. */
class Hand {
  readonly reading: string;
  readonly #worker: Worker;
  readonly #said: Said[] = [];
  #ready: Promise<unknown> | null = null;

  constructor(reading: string) {
    this.reading = reading;
    cluster.setupPrimary({
      exec: fileURLToPath(new URL('cluster-worker.ts', import.meta.url)),
      args: [reading],
    });
    this.#worker = cluster.fork();
    this.#worker.on('message', (said: Said) => this.#said.push(said));
  }

  async does(order: Order): Promise<unknown> {
    await (this.#ready ??= this.#next('answer'));
    this.#worker.send(order);
    return ((await this.#next('answer')) as { answer: unknown }).answer;
  }

  /** How the next of its connections ended. */
  async ended(): Promise<unknown> {
    return ((await this.#next('ended')) as { ended: unknown }).ended;
  }

  async leave(): Promise<void> {
    this.#worker.send({ what: 'leave' } satisfies Order);
    assert.equal(await once(this.#worker, 'exit'), [0, null]);
  }

  async #next(kind: string): Promise<Said> {
    for (;;) {
      const at = this.#said.findIndex((said) => kind in said);
      if (at >= 0) return this.#said.splice(at, 1)[0] as Said;
      await once(this.#worker, 'message');
    }
  }
}

/** Connected, and who has greeted. */
async function greeted(at: EndPoint): Promise<{ client: PlainSocket; by: string }> {
  const client = plainClient(at);
  let by = '';
  while (!by.endsWith('\n')) by += String(Buffer.from(await readSome(client, 1)));
  return { client, by: by.trim() };
}

export function clusterLaws(policy: 'SCHED_RR' | 'SCHED_NONE'): void {
  const laws = suite(`cluster workers, ${policy}`);
  cluster.schedulingPolicy = cluster[policy];
  const hands = readings.map((reading) => new Hand(reading));
  const [one, other] = hands as [Hand, Hand];
  let at: IPEndPoint;

  laws('port 0 is the same free port for all that share it', async () => {
    const found = await Promise.all(hands.map((hand) => hand.does({ what: 'listen', at: '127.0.0.1:0' })));
    assert.is(found[0], found[1]);
    assert.ok(IPEndPoint.parse(String(found[0])).port > 0);
    for (const hand of hands) await hand.does({ what: 'close' });
  });

  laws('a port by its number is shared', async () => {
    at = await deadPlace();
    const found = await Promise.all(hands.map((hand) => hand.does({ what: 'listen', at: String(at) })));
    assert.equal(found, [String(at), String(at)]);
  });

  for (const [stays, goes] of [
    [one, other],
    [other, one],
  ] as const) {
    laws(
      `a worker that closes leaves the port to the other, ${stays.reading}: every byte, every end`,
      async () => {
        await goes.does({ what: 'close' });
        const all = pattern(1 << 20);
        for (let turn = 0; turn < 4; turn++) {
          const { client, by } = await greeted(at);
          assert.is(by, stays.reading);
          const back = readAll(client);
          client.end(all);
          assert.ok(same((await back).bytes, all));
          assert.is(await stays.ended(), 'in order');
          client.destroy();
        }
        const { client } = await greeted(at);
        client.resetAndDestroy();
        assert.is(await stays.ended(), 'ECONNRESET');
        assert.is(await goes.does({ what: 'listen', at: String(at) }), String(at));
      },
    );
  }

  laws('drain(): who has not finished at the deadline is aborted, and the port is the other’s', async () => {
    await other.does({ what: 'close' });
    const { client, by } = await greeted(at);
    assert.is(by, one.reading);
    await other.does({ what: 'listen', at: String(at) });
    const cut = readAll(client);
    assert.equal(await one.does({ what: 'drain', timeout: 20 }), { closed: 0, aborted: 1 });
    await cut;
    const next = await greeted(at);
    assert.is(next.by, other.reading);
    next.client.destroy();
  });

  laws('exclusive: a port in use is in use, and port 0 is a port of its own', async () => {
    const { server, at: taken } = await plainServer();
    assert.is(await one.does({ what: 'listen', at: String(taken), exclusive: true }), 'EADDRINUSE');
    server.close();
    const found = [];
    for (const hand of hands) {
      await hand.does({ what: 'close' });
      found.push(await hand.does({ what: 'listen', at: '127.0.0.1:0', exclusive: true }));
    }
    assert.is.not(found[0], found[1]);
    for (const [n, hand] of hands.entries()) {
      const { client, by } = await greeted(IPEndPoint.parse(String(found[n])));
      assert.is(by, hand.reading);
      client.destroy();
    }
    assert.is(await one.does({ what: 'listen', at: String(found[1]), exclusive: true }), 'EADDRINUSE');
    for (const hand of hands) await hand.does({ what: 'close' });
  });

  laws('a port that somebody else has is in use for each of them', async () => {
    const { server, at: taken } = await plainServer();
    for (const hand of hands) assert.is(await hand.does({ what: 'listen', at: String(taken) }), 'EADDRINUSE');
    server.close();
  });

  laws('a Unix socket is shared as well', async () => {
    if (process.platform === 'win32') return;
    const path = socketPath(policy);
    for (const hand of hands) assert.is(await hand.does({ what: 'listen', at: path.path }), path.path);
    await one.does({ what: 'close' });
    const { client, by } = await greeted(path);
    assert.is(by, other.reading);
    client.end();
    await readAll(client);
    await other.does({ what: 'close' });
  });

  laws('they end by themselves', async () => {
    await Promise.all(hands.map((hand) => hand.leave()));
  });

  laws.run();
}
