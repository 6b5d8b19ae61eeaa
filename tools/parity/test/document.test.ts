/** The page of the members and the deviations says what the tables say, and the tables what is there. */

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { readFileSync } from 'node:fs';
import { SendPacketsElement, Socket, SocketAsyncEventArgs } from '@proactor/core';
import { loopback } from '@proactor/testing';
import { PAGE, page } from '../src/document.ts';
import { type Member, SEND_PACKETS_ELEMENT, SOCKET, SOCKET_ASYNC_EVENT_ARGS } from '../src/members.ts';

const test = suite('docs/dotnet-parity.md');

test('is up to date (npm run parity:docs)', () => {
  assert.is(readFileSync(PAGE, 'utf8'), page());
});

for (const [name, members, instance] of [
  ['Socket', SOCKET, new Socket(loopback())],
  ['SocketAsyncEventArgs', SOCKET_ASYNC_EVENT_ARGS, new SocketAsyncEventArgs()],
  ['SendPacketsElement', SEND_PACKETS_ELEMENT, new SendPacketsElement(new Uint8Array(1))],
] as const satisfies readonly (readonly [string, readonly Member[], object])[]) {
  test(`every member of ${name} that the table names is there`, () => {
    const missing = members.flatMap(({ here }) => here).filter((one) => !isThere(one, instance));
    assert.equal(missing, []);
  });

  test(`no member of ${name} stands twice in the table, and what is not the same says why`, () => {
    const names = members.flatMap(({ dotnet }) => dotnet);
    assert.equal(
      names.filter((one, i) => names.indexOf(one) !== i),
      [],
    );
    for (const { dotnet, fate, note } of members) assert.is(note === '', fate === 'same', dotnet.join());
  });
}

test.run();

function isThere(member: string, instance: object): boolean {
  const [owner, name = owner] = member.split('.');
  return name === owner ? member in instance : (name ?? '') in Socket;
}
