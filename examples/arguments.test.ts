import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { endPointOf, integer, oneOf, port, readFlags, text, UsageError } from './arguments.ts';
import { table } from './table.ts';

const flags = { port: port(7_000), host: text('127.0.0.1'), 'max-clients': integer(1_000, 1, 5_000) };

const reading = suite('readFlags()');

reading('takes both forms, and the fallback of what is not given', () => {
  assert.equal(readFlags([], flags), { port: 7_000, host: '127.0.0.1', 'max-clients': 1_000 });
  assert.equal(readFlags(['--port', '0', '--max-clients=5000', '--host', '::1'], flags), {
    port: 0,
    host: '::1',
    'max-clients': 5_000,
  });
});

const wrong: readonly (readonly [args: string, line: RegExp])[] = [
  ['--prot 7000', /^Cannot start: unknown option '--prot'; there are --port, --host, --max-clients$/],
  ['-p 7000', /^Cannot start: unknown option '-p'/],
  ['7000', /^Cannot start: unexpected argument '7000'/],
  ['--port', /^Cannot start: --port needs a value/],
  ['--port --host', /^Cannot start: --port needs a value/],
  ['--port -1', /^Cannot start: --port needs a value/],
  ['--port=-1', /^Cannot start with --port '-1': an integer from 0 to 65535 is needed$/],
  ['--port=', /^Cannot start with --port ''/],
  ['--port 65536', /^Cannot start with --port '65536'/],
  ['--port 80.5', /^Cannot start with --port '80.5'/],
  ['--port 0x50', /^Cannot start with --port '0x50'/],
  ['--max-clients 0', /^Cannot start with --max-clients '0': an integer from 1 to 5000 is needed$/],
  ['--max-clients 1e3', /^Cannot start with --max-clients '1e3'/],
  ['--host=', /^Cannot start with --host '': it must not be empty$/],
];

for (const [args, line] of wrong) {
  reading(`refuses ${args} in one line`, () => {
    try {
      readFlags(args.split(' '), flags);
    } catch (error) {
      assert.instance(error, UsageError);
      assert.match((error as UsageError).message, line);
      assert.not.match((error as UsageError).message, /\n/);
      return;
    }
    assert.unreachable('it was taken');
  });
}

reading('takes one of a few words, the first when there is none, and names them all', () => {
  const share = { share: oneOf('auto', 'relay') };
  assert.equal(readFlags([], share), { share: 'auto' });
  assert.equal(readFlags(['--share', 'relay'], share), { share: 'relay' });
  const why = /^Cannot start with --share 'Relay': one of auto, relay is needed$/;
  assert.throws(() => readFlags(['--share', 'Relay'], share), why);
});

reading.run();

const places = suite('endPointOf()');

places('takes addresses and names', async () => {
  assert.is(String(await endPointOf('127.0.0.1', 80)), '127.0.0.1:80');
  assert.is(String(await endPointOf('::1', 80)), '[::1]:80');
  assert.match(String(await endPointOf('localhost', 80)), /^(?:127\.0\.0\.1|\[::1\]):80$/);
});

places('refuses in one line what is neither', async () => {
  // A label of 64 characters is no name: no resolver is asked.
  const error: unknown = await endPointOf('x'.repeat(64), 80).catch((thrown: unknown) => thrown);
  assert.instance(error, UsageError);
  assert.match((error as UsageError).message, /^Cannot find host 'x+': no address found \(\w+\)$/);
});

places.run();

const tables = suite('table()');

tables('puts words to the left and numbers to the right', () => {
  const rows = [
    ['name', 'bytes'],
    ['a', '1'],
    ['long name', '123456'],
  ];
  assert.is(table(rows), 'name        bytes\n---------  ------\na               1\nlong name  123456');
});

tables.run();
