/** A process that has used up its descriptors, run as a child: how a connect by name and a connect by address fail then. */

import { closeSync, openSync } from 'node:fs';
import { devNull } from 'node:os';
import { DnsEndPoint, IPEndPoint, Socket, type SocketException } from '@proactor/core';
import { tcpReading } from '../src/tcp.ts';
import { reasonOf } from './complaint-peers.ts';

async function main(): Promise<void> {
  const transport = tcpReading(process.argv[2] === 'readable' ? 'readable' : 'onread');
  // What is loaded on first use is loaded before: modules and the name service have files, too.
  await reasonOf(Socket.connect(transport, new DnsEndPoint('does-not-exist.invalid', 1)));
  const taken: number[] = [];
  try {
    for (;;) taken.push(openSync(devNull, 'r'));
  } catch {
    // none are left
  }
  const codes: string[] = [];
  for (const place of [new DnsEndPoint('localhost', 1), new IPEndPoint('127.0.0.1', 1)])
    codes.push(((await reasonOf(Socket.connect(transport, place))) as SocketException).code);
  for (const fd of taken) closeSync(fd);
  codes.push(
    ((await reasonOf(Socket.connect(transport, new IPEndPoint('127.0.0.1', 1)))) as SocketException).code,
  );
  console.log(JSON.stringify(codes));
}

void main();
