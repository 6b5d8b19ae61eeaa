/** A runtime that knows whether files are being read: that takes real time, whatever its clock says. */

import type { Runtime } from '@proactor/core';

export interface FileWatch {
  readonly runtime: Runtime;
  /** Reads under way. */
  readonly reads: number;
}

export function watchFiles(inner: Runtime): FileWatch {
  let reads = 0;
  const runtime: Runtime = {
    now: () => inner.now(),
    defer: (fn, arg) => inner.defer(fn, arg),
    timer: (ms, fn, arg) => inner.timer(ms, fn, arg),
    cancelTimer: (timer) => inner.cancelTimer(timer),
    openFile(path) {
      if (inner.openFile === undefined) throw new Error('Cannot open a file: the runtime has none');
      const file = inner.openFile(path);
      return {
        length: file.length,
        read(into, at, done) {
          reads += 1;
          file.read(into, at, (error, bytes) => {
            reads -= 1;
            done(error, bytes);
          });
        },
        close: () => file.close(),
      };
    },
    get context() {
      return inner.context;
    },
  };
  return {
    runtime,
    get reads() {
      return reads;
    },
  };
}
