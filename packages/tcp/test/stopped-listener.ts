/** A listener, run as a child that its test stops: tells its port, and accepts nobody. */

import { IPEndPoint, Socket } from '@proactor/core';
import { tcpReading } from '../src/tcp.ts';
import { anyPort } from './peers.ts';

const [reading, given, option] = process.argv.splice(2);

async function main(): Promise<void> {
  const backlog = Number(given);
  const listener = new Socket(
    tcpReading(reading === 'readable' ? 'readable' : 'onread', { backlog: Number(option) }),
  );
  listener.bind(anyPort);
  await (backlog < 0 ? listener.listen() : listener.listen(backlog));
  console.log((listener.localEndPoint as IPEndPoint).port);
}

void main();
