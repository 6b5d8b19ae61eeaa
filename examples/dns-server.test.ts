import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Resolver } from 'node:dns/promises';
import { checked, IPEndPoint, Socket } from '@proactor/core';
import { udp } from '@proactor/udp';
import packets from 'dns-packet';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ChildProgram, withProgram } from './child-program.ts';
import { DnsServer, type DnsServerOptions, EXAMPLE_ZONE } from './dns-server.ts';

const dns = suite('dns server');
const HERE = IPEndPoint.parse('127.0.0.1:0');
const transport = checked(udp());
const servers: DnsServer[] = [];

dns.after.each(async () => {
  for (const server of servers.splice(0)) await server.stop();
});

function serve(options: DnsServerOptions): IPEndPoint {
  const server = new DnsServer(transport, HERE, options);
  servers.push(server);
  return server.localEndPoint as IPEndPoint;
}

/** Node's own resolver, asking there and nowhere else. */
function resolverAt({ address, port }: IPEndPoint): Resolver {
  const resolver = new Resolver({ timeout: 5_000, tries: 1 });
  resolver.setServers([`${address}:${port}`]);
  return resolver;
}

/** The code that a look-up fails with. */
async function failureOf(lookup: Promise<unknown>): Promise<unknown> {
  return lookup.then(
    () => 'found',
    (error: NodeJS.ErrnoException) => error.code,
  );
}

async function mustKnowTheZone(at: IPEndPoint): Promise<void> {
  const resolver = resolverAt(at);
  assert.equal(await resolver.resolve4('www.example.test'), ['192.0.2.80']);
  assert.equal(await resolver.resolve6('WWW.Example.TEST'), ['2001:db8::80']);
  assert.equal(await resolver.resolveTxt('example.test'), [['all is well']]);
  const [mail] = await resolver.resolveMx('example.test'); // Node 26 adds its type
  assert.equal([mail?.exchange, mail?.priority], ['mail.example.test', 10]);
  assert.is(await failureOf(resolver.resolve4('example.test')), 'ENODATA');
}

dns('answers node:dns from its zone', async () => {
  const at = serve({ zone: EXAMPLE_ZONE });
  await mustKnowTheZone(at);
  assert.is(await failureOf(resolverAt(at).resolve4('nobody.test')), 'ENOTFOUND');
});

dns('asks another server for what it does not know, and passes its answers on', async () => {
  const upstream = serve({ zone: EXAMPLE_ZONE });
  const own = new Map([
    ['here.test', [{ type: 'A', name: 'here.test', ttl: 5, data: '192.0.2.1' } as const]],
  ]);
  const at = serve({ zone: own, upstream });
  await mustKnowTheZone(at);
  assert.equal(await resolverAt(at).resolve4('here.test'), ['192.0.2.1']);
  assert.is(await failureOf(resolverAt(at).resolve4('nobody.test')), 'ENOTFOUND');
});

dns('many questions at once get each its own answer', async () => {
  const names = Array.from({ length: 100 }, (_, i) => `host${i}.test`);
  const zone = new Map(
    names.map((name, i) => [name, [{ type: 'A', name, ttl: 1, data: `10.0.0.${i}` } as const]] as const),
  );
  const resolver = resolverAt(serve({ zone: new Map(), upstream: serve({ zone }) }));
  const answers = await Promise.all(names.map((name) => resolver.resolve4(name)));
  assert.equal(
    answers.flat(),
    names.map((_, i) => `10.0.0.${i}`),
  );
});

dns('an upstream that says nothing, or is not there, is a server failure', async () => {
  const silent = new Socket(transport);
  silent.bind(HERE);
  const slow = serve({ zone: new Map(), upstream: silent.localEndPoint as IPEndPoint, timeoutMs: 1 });
  assert.is(await failureOf(resolverAt(slow).resolve4('a.test')), 'ESERVFAIL');
  const gone = silent.localEndPoint as IPEndPoint;
  silent.close();
  assert.is(
    await failureOf(resolverAt(serve({ zone: new Map(), upstream: gone })).resolve4('a.test')),
    'ESERVFAIL',
  );
});

/** A question of our own, and what comes back. */
async function ask(at: IPEndPoint, query: Uint8Array): Promise<packets.DecodedPacket> {
  const socket = await Socket.connect(transport, at);
  await socket.send(query);
  const buffer = Buffer.alloc(4_096);
  const bytes = await socket.receive(buffer, { timeout: 10_000 });
  socket.close();
  return packets.decode(buffer.subarray(0, bytes));
}

dns('an answer that is too long for the client says so; with room for it, it comes whole', async () => {
  const name = 'long.test';
  const text = { type: 'TXT', name, ttl: 1, data: Array<string>(4).fill('x'.repeat(200)) } as const;
  const at = serve({ zone: new Map([[name, [text]]]) });
  const query: packets.Packet = { type: 'query', id: 7, questions: [{ type: 'TXT', name }] };
  const short = await ask(at, packets.encode(query));
  assert.equal([short.flag_tc, short.answers?.length], [true, 0]);
  const option = {
    type: 'OPT',
    name: '.',
    udpPayloadSize: 4_096,
    flags: 0,
    options: [],
  } as unknown as packets.Answer;
  const whole = await ask(at, packets.encode({ ...query, additionals: [option] }));
  assert.equal([whole.flag_tc, whole.answers?.length, whole.additionals?.[0]?.type], [false, 1, 'OPT']);
});

dns('what it does not do, it says: another kind of question, another class', async () => {
  const at = serve({ zone: EXAMPLE_ZONE });
  const questions = [{ type: 'A', name: 'www.example.test' } as const];
  const status = Buffer.from(packets.encode({ type: 'query', id: 7, questions }));
  status[2] = (status[2] ?? 0) | (2 << 3); // STATUS, RFC 1035 section 4.1.1
  assert.is(((await ask(at, status)).flags ?? 0) & 15, 4, 'NOTIMP');
  const chaos = { ...questions[0], class: 'CH' } as packets.Question;
  const answer = await ask(at, packets.encode({ type: 'query', id: 8, questions: [chaos] }));
  assert.equal([(answer.flags ?? 0) & 15, answer.answers?.length], [3, 0], 'NXDOMAIN');
});

dns('noise and answers are not answered; what follows them is', async () => {
  const at = serve({ zone: EXAMPLE_ZONE });
  const socket = await Socket.connect(transport, at);
  await socket.send(Uint8Array.of(1, 2, 3));
  await socket.send(
    packets.encode({ type: 'response', id: 9, questions: [{ type: 'A', name: 'www.example.test' }] }),
  );
  const query = packets.encode({
    type: 'query',
    id: 10,
    questions: [{ type: 'A', name: 'www.example.test' }],
  });
  await socket.send(query);
  const buffer = Buffer.alloc(512);
  const bytes = await socket.receive(buffer, { timeout: 10_000 });
  assert.is(packets.decode(buffer.subarray(0, bytes)).id, 10);
  socket.close();
});

dns('is a program', async () => {
  await withProgram(ChildProgram.start('dns-server.ts', '--port', '0'), async (child) => {
    const at = new IPEndPoint('127.0.0.1', await child.port());
    await mustKnowTheZone(at);
    child.signal('SIGTERM');
    const { code, stderr } = await child.exit;
    assert.equal([code, stderr], [0, '']);
  });
});

/** What dig prints; null where it is not installed. */
async function dig(...args: string[]): Promise<string | null> {
  const child = spawn('dig', args, { stdio: ['ignore', 'pipe', 'ignore'] });
  let out = '';
  child.stdout.on('data', (chunk: Buffer) => (out += String(chunk)));
  const failed = once(child, 'error').then(() => null);
  return Promise.race([failed, once(child, 'close').then(() => out)]);
}

if ((await dig('-v')) === null) {
  dns.skip('answers dig: it is not installed here', () => {});
} else {
  dns('answers dig', async () => {
    const { port } = serve({ zone: EXAMPLE_ZONE });
    assert.is(await dig('@127.0.0.1', '-p', String(port), '+short', 'www.example.test', 'A'), '192.0.2.80\n');
    assert.match((await dig('@127.0.0.1', '-p', String(port), 'nobody.test')) ?? '', 'status: NXDOMAIN');
  });
}

dns.run();
