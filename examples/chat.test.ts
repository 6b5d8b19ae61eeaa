import { DnsEndPoint, Socket, SocketShutdown } from '@proactor/core';
import { loopback } from '@proactor/testing';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { chat } from './chat.ts';
import { ChildProgram, withProgram } from './child-program.ts';
import { PlainClient } from './plain-client.ts';

const talk = suite('chat');
const place = new DnsEndPoint('room', 1);

/** One in the room, by the line. */
class Guest {
  readonly socket: Socket;
  #text = '';

  constructor(socket: Socket) {
    this.socket = socket;
  }

  async say(text: string): Promise<void> {
    await this.socket.send(new TextEncoder().encode(text));
  }

  /** The next line; null at the end. */
  async hear(): Promise<string | null> {
    const buffer = new Uint8Array(1_024);
    while (!this.#text.includes('\n')) {
      const bytes = await this.socket.receive(buffer);
      if (bytes === 0) return null;
      this.#text += new TextDecoder().decode(buffer.subarray(0, bytes));
    }
    const [line = '', ...rest] = this.#text.split('\n');
    this.#text = rest.join('\n');
    return line;
  }

  async mustHear(...lines: string[]): Promise<void> {
    for (const line of lines) assert.is(await this.hear(), line);
  }
}

/** A room, and its guests who have been announced to each other. */
async function meeting(guests: number, test: (...guests: Guest[]) => Promise<void>): Promise<void> {
  const network = loopback();
  const listener = new Socket(network);
  listener.bind(place);
  await listener.listen();
  const over = chat(listener);
  const present: Guest[] = [];
  for (let number = 1; number <= guests; number++) {
    present.push(new Guest(await Socket.connect(network, place)));
    for (const guest of present) await guest.mustHear(`* guest ${number} has come, ${number} here`);
  }
  await test(...present);
  for (const { socket } of present) socket.close();
  await listener.drain();
  await over;
}

talk('lets everybody hear everybody', () =>
  meeting(3, async (...guests) => {
    const [ada, bob, eve] = guests as [Guest, Guest, Guest];
    await ada.say('hello\n');
    for (const guest of guests) await guest.mustHear('guest 1: hello');
    await bob.say('one\r\ntwo\nthr');
    await bob.say('ee ✓\n');
    for (const guest of guests) await guest.mustHear('guest 2: one', 'guest 2: two', 'guest 2: three ✓');
    eve.socket.shutdown(SocketShutdown.Send);
    assert.is(await eve.hear(), null);
    for (const guest of [ada, bob]) await guest.mustHear('* guest 3 has left, 2 here');
  }),
);

talk('goes on when a guest breaks off', () =>
  meeting(2, async (...guests) => {
    const [ada, bob] = guests as [Guest, Guest];
    ada.socket.close({ abort: true });
    await bob.mustHear('* guest 1 has left, 1 here');
    await bob.say('alone\n');
    await bob.mustHear('guest 2: alone');
  }),
);

talk('cuts a line that does not end', () =>
  meeting(2, async (...guests) => {
    const [ada, bob] = guests as [Guest, Guest];
    await ada.say(`${'x'.repeat(5_000)}\n`);
    await bob.mustHear(`guest 1: ${'x'.repeat(1_000)}`);
  }),
);

talk('drops a guest who never listens, before what the others say fills the memory', () =>
  meeting(2, async (...guests) => {
    const [, bob] = guests as [Guest, Guest]; // the first only stays
    for (let heard = ''; !heard.startsWith('* guest 1 has left'); ) {
      await bob.say(`${'x'.repeat(900)}\n`);
      heard = (await bob.hear()) ?? assert.unreachable('bob was dropped') ?? '';
    }
  }),
);

talk('is a program that plain clients can use', async () => {
  await withProgram(ChildProgram.start('chat.ts', '--port', '0'), async (program) => {
    const client = await PlainClient.connect(await program.port());
    const welcome = '* guest 1 has come, 1 here\n';
    assert.is(String(await client.read(welcome.length)), welcome);
    client.write('hi\n');
    assert.is(String(await client.read(12)), 'guest 1: hi\n');
    client.end();
    await client.readToEnd();
    program.signal('SIGINT');
    const { code, stderr } = await program.exit;
    assert.equal([code, stderr], [0, '']);
  });
});

talk.run();
