/**
 * What the operating system says that a process has used, all its threads together. Only Linux keeps such accounts to the nanosecond; the
 * user and system times of `ps` and `getrusage` are sampled by tick.
 */

import { existsSync, readdirSync, readFileSync } from 'node:fs';

/** Whether this system keeps the accounts. */
export function hasAccounts(): boolean {
  return existsSync('/proc/self/schedstat');
}

/** Nanoseconds on a core (`/proc/PID/task/TID/schedstat`, first number; proc(5)). A thread that has ended counts no longer. */
export function cpuNanoseconds(pid: number): number {
  let total = 0;
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    try {
      total += Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'latin1').split(' ')[0]);
    } catch {
      // It ended between the two lines.
    }
  }
  return total;
}

/** Bytes of memory that are its own now (`VmRSS` of `/proc/PID/status`). */
export function residentBytes(pid: number): number {
  const kibibytes = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1];
  return Number(kibibytes ?? 0) * 1_024;
}
