/** A server with few descriptors, run as a child: greets 100 clients less those it had to drop, then tells how many of which. */

import { tcpReading } from '../src/tcp.ts';
import { listening } from './peers.ts';
import type { RecordingSink } from './recording-sink.ts';

const transport = tcpReading(process.argv[2] === 'readable' ? 'readable' : 'onread');

async function main(): Promise<void> {
  const { sink, at } = await listening(transport);
  const { listener } = sink;
  const open: Promise<unknown>[] = [];
  const lost = (): number => listener?.getOption?.('acceptsLost') as number;
  const done = new Promise<void>((go) => {
    sink.onIncoming = (accepted) => {
      greet(accepted);
      open.push(accepted.closedWith);
    };
    // The clients go when each of them has been greeted or dropped.
    const check = (): void => {
      if (open.length > 0 && open.length + lost() === 100) go();
      else setImmediate(check);
    };
    check();
  });
  console.log(at.key.substring(at.key.lastIndexOf(':') + 1));
  await done;
  const accepted = open.length;
  await Promise.all(open);
  listener?.close(false);
  await sink.closedWith;
  console.log(JSON.stringify({ accepted, lost: lost() }));
}

function greet({ channel, closedWith, ended }: RecordingSink): void {
  channel?.write(new Uint8Array([1]));
  channel?.demand(100);
  void Promise.race([ended, closedWith]).then(() => channel?.close(true));
}

void main();
