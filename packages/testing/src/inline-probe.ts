/**
 * A runtime whose operations never, or by a seeded coin, complete inside the call: what finds a caller that forgot one of the two
 * answers. Everything else stays as in the runtime it is made from, its probe included.
 */

import type { Probe, Runtime } from '@proactor/core';
import { seeded } from './seeded.ts';

/** Whether an operation may complete inside the call: as it comes, never, or by a coin with this seed. */
export type Inline = 'natural' | 'never' | number;

/** `'natural'` is the runtime itself, so that it shares its engine; the others are engines of their own. */
export function withInline(base: Runtime, inline: Inline): Runtime {
  if (inline === 'natural') return base;
  const runtime: Runtime = {
    now: () => base.now(),
    defer: (fn, arg) => base.defer(fn, arg),
    timer: (ms, fn, arg) => base.timer(ms, fn, arg),
    cancelTimer: (timer) => base.cancelTimer(timer),
    get context() {
      return base.context;
    },
    probe: inlineProbe(base.probe ?? {}, inline),
  };
  const refTimer = base.refTimer?.bind(base);
  if (refTimer !== undefined) runtime.refTimer = refTimer;
  const openFile = base.openFile?.bind(base);
  if (openFile !== undefined) runtime.openFile = openFile;
  return runtime;
}

/** A probe may have members or not, and the engine asks which: so what is missing stays missing. */
function inlineProbe(base: Probe, inline: 'never' | number): Probe {
  const draw = inline === 'never' ? null : seeded(inline);
  const probe: Probe = {
    inline(e) {
      const heads = draw !== null && draw(2) === 1; // drawn every time: what the other probe says must not shift the sequence
      return heads && (base.inline?.(e) ?? true);
    },
  };
  const next = base.next?.bind(base);
  if (next !== undefined) probe.next = next;
  const batch = base.batch?.bind(base);
  if (batch !== undefined) probe.batch = batch;
  const started = base.started?.bind(base);
  if (started !== undefined) probe.started = started;
  const completed = base.completed?.bind(base);
  if (completed !== undefined) probe.completed = completed;
  return probe;
}
