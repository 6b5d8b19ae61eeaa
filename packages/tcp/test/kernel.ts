/** What the kernel of Linux says about sockets: a witness that no transport can talk to. Knows nothing of ours. */

import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { IPEndPoint } from '@proactor/core';

/** Whether it can be asked. */
export const kernelTells: boolean = existsSync('/proc/net/tcp') && existsSync('/proc/self/fd');

export interface KernelSocket {
  readonly local: string;
  readonly remote: string;
  /** `ESTABLISHED`, `LISTEN`… */
  readonly state: string;
  readonly sendQueue: number;
  readonly receiveQueue: number;
  /** `keepalive`, `none`… */
  readonly timer: string;
  /** Milliseconds until that timer fires. */
  readonly timerMs: number;
  /** The descriptor of this process, -1 = it has none. */
  readonly fd: number;
}

/** TCP over IPv4 and IPv6, of this process and no other. */
export function kernelSockets(): KernelSocket[] {
  const mine = descriptors();
  return ['/proc/net/tcp', '/proc/net/tcp6']
    .filter((file) => existsSync(file))
    .flatMap((file) => readFileSync(file, 'latin1').trim().split('\n').splice(1))
    .filter((line) => !line.includes(' 06 ')) // TIME_WAIT: nobody's, and there may be tens of thousands
    .map((line) => line.trim().split(/\s+/))
    .filter(({ [INODE]: inode = '' }) => mine.has(inode))
    .map((columns) => socketOf(columns, mine));
}

/** The sockets with this local and remote place; `*` stands for any. */
export function kernelSocket(local: unknown, remote: unknown = '*'): KernelSocket {
  const found = kernelSockets().filter(
    (one) => matches(one.local, local) && matches(one.remote, remote) && one.state !== 'LISTEN',
  );
  if (found.length !== 1)
    throw new Error(`the kernel has ${found.length} of ${String(local)} -> ${String(remote)}`);
  return found[0] as KernelSocket;
}

/** The listening socket at a place. */
export function kernelListener(local: unknown): KernelSocket {
  const found = kernelSockets().find((one) => one.state === 'LISTEN' && one.local === String(local));
  if (found === undefined) throw new Error(`the kernel has no listener at ${String(local)}`);
  return found;
}

/** Paths of Unix sockets that are bound, of any process, with their states; `01` in /proc is listening or not connected. */
export function kernelUnixPaths(): string[] {
  const lines = readFileSync('/proc/net/unix', 'utf8').trim().split('\n').splice(1);
  return lines.flatMap((line) => line.split(/\s+/)[7] ?? []);
}

function matches(found: string, wanted: unknown): boolean {
  return wanted === '*' || found === String(wanted);
}

/** Descriptor by inode. */
function descriptors(): Map<string, number> {
  const found = new Map<string, number>();
  for (const fd of readdirSync('/proc/self/fd')) {
    try {
      const [, inode] = /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/self/fd/${fd}`)) ?? [];
      if (inode !== undefined) found.set(inode, Number(fd));
    } catch {
      // that of readdir itself
    }
  }
  return found;
}

const INODE = 9;

/** A line of /proc/net/tcp; Documentation/networking/proc_net_tcp.rst of Linux. */
function socketOf(columns: readonly string[], mine: ReadonlyMap<string, number>): KernelSocket {
  const [, local = '', remote = '', state = '', queues = '', timer = ''] = columns;
  const { [INODE]: inode = '' } = columns;
  const [sendQueue = '', receiveQueue = ''] = queues.split(':');
  const [kind = '', ticks = ''] = timer.split(':');
  return {
    local: placeOf(local),
    remote: placeOf(remote),
    state: STATES[Number.parseInt(state, 16)] ?? state,
    sendQueue: Number.parseInt(sendQueue, 16),
    receiveQueue: Number.parseInt(receiveQueue, 16),
    timer: TIMERS[Number.parseInt(kind, 16)] ?? kind,
    timerMs: Number.parseInt(ticks, 16) * MS_PER_TICK,
    fd: mine.get(inode) ?? -1,
  };
}

/** `0100007F:1F90`: the address in words of the machine's order, the port as it is. */
function placeOf(text: string): string {
  const [address = '', port = ''] = text.split(':');
  const bytes = Buffer.from(address, 'hex');
  bytes.swap32();
  const family = bytes.length === 4;
  const parts: string[] = [];
  for (let at = 0; at < bytes.length; at += family ? 1 : 2)
    parts.push(family ? String(bytes[at]) : bytes.readUInt16BE(at).toString(16));
  return String(new IPEndPoint(parts.join(family ? '.' : ':'), Number.parseInt(port, 16)));
}

/** include/net/tcp_states.h */
const STATES = [
  '',
  'ESTABLISHED',
  'SYN_SENT',
  'SYN_RECV',
  'FIN_WAIT1',
  'FIN_WAIT2',
  'TIME_WAIT',
  'CLOSE',
  'CLOSE_WAIT',
  'LAST_ACK',
  'LISTEN',
  'CLOSING',
];
/** The column `tr`. */
const TIMERS = ['none', 'retransmit', 'keepalive', 'time-wait', 'window probe'];
/** USER_HZ is 100 on every architecture that Node runs on. */
const MS_PER_TICK = 10;
