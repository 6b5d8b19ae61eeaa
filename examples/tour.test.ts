import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ChildProgram, withProgram } from './child-program.ts';
import { PlainClient } from './plain-client.ts';

const tour = suite('tour');

tour('ends well, with a whole table in which every byte was verified', async () => {
  const { code, stdout, stderr } = await ChildProgram.start('tour.ts').exit;
  assert.is(stderr, '');
  assert.is(code, 0);
  const cells = stdout.split('\n').map((line) => line.split(/ {2,}/));
  const heading = cells.findIndex(([first]) => first === 'transport');
  assert.equal(cells[heading], [
    'transport',
    'connections',
    'message',
    'messages',
    'MB/s',
    'p50',
    'p99',
    'bytes verified',
  ]);
  const rows = cells.slice(heading + 2, heading + 8);
  assert.equal(
    rows.map(([transport, connections, message]) => `${transport} ${connections} × ${message}`),
    ['tcp', 'loopback'].flatMap((name) =>
      ['64 × 64 B', '16 × 65536 B', '500 × 1024 B'].map((load) => `${name} ${load}`),
    ),
  );
  let sum = 0;
  for (const [, connections, message, messages, rate, p50, p99, verified] of rows) {
    assert.ok(Number(messages) >= Number(connections));
    assert.is(Number(verified), Number(messages) * Number.parseInt(message ?? '', 10));
    assert.match(rate ?? '', /^\d+\.\d$/); // a busy machine may do next to nothing in a second
    assert.match(p50 ?? '', /^\d+\.\d\d ms$/);
    assert.match(p99 ?? '', /^\d+\.\d\d ms$/);
    assert.ok(Number.parseFloat(p50 ?? '') <= Number.parseFloat(p99 ?? ''));
    sum += Number(verified);
  }
  assert.match(stdout, `Every one of ${sum} bytes came back as it was sent.`);
  assert.match(stdout, /An idle time-out of 30 s, tested in virtual time: the client was idle after /);
  assert.match(stdout, 'npm start -- --listen 7000');
});

tour('serves on with --listen, until it is told to stop', async () => {
  await withProgram(ChildProgram.start('tour.ts', '--listen', '0'), async (program) => {
    const client = await PlainClient.connect(await program.port());
    client.write('hello');
    client.end();
    assert.is(String(await client.readToEnd()), 'hello');
    program.signal('SIGINT');
    const { code, stdout, stderr } = await program.exit;
    assert.match(stdout, /^listening on 127\.0\.0\.1:\d+\n/);
    assert.match(stdout, /\nserved 1 connections, \d+ messages, 5 bytes; /);
    assert.equal([code, stderr], [0, '']);
  });
});

tour('tells in one line what is wrong with a flag', async () => {
  const { code, stdout, stderr } = await ChildProgram.start('tour.ts', '--listen', 'here').exit;
  assert.equal(
    [code, stdout, stderr],
    [1, '', "Cannot start with --listen 'here': an integer from 0 to 65535 is needed\n"],
  );
});

tour.run();
