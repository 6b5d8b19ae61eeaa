/** Bun's own TCP, run by Bun. What it does not take at once is kept, and goes out when it drains. */

interface BunSocket {
  data: { rest: Uint8Array | null };
  write(bytes: Uint8Array): number;
  end(): void;
}

interface BunGlobal {
  listen(options: {
    hostname: string;
    port: number;
    socket: {
      open(socket: BunSocket): void;
      data(socket: BunSocket, bytes: Uint8Array): void;
      drain(socket: BunSocket): void;
      error(): void;
    };
  }): { port: number };
}

const { Bun } = globalThis as unknown as { Bun: BunGlobal };

function send(socket: BunSocket, bytes: Uint8Array): void {
  const done = Math.max(0, socket.write(bytes));
  socket.data.rest = done < bytes.byteLength ? bytes.subarray(done) : null;
}

const server = Bun.listen({
  hostname: '127.0.0.1',
  port: 0,
  socket: {
    open(socket) {
      socket.data = { rest: null };
    },
    data(socket, bytes) {
      const { rest } = socket.data;
      if (rest === null) send(socket, bytes);
      else socket.data.rest = Buffer.concat([rest, bytes]);
    },
    drain(socket) {
      if (socket.data.rest !== null) send(socket, socket.data.rest);
    },
    error() {},
  },
});
console.log(`listening on 127.0.0.1:${server.port}`);
process.stdin.on('end', () => process.exit(0)).resume();
