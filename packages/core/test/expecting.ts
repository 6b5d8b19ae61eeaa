/** What a call throws and a promise rejects with, held to a class, a code and a parameter. */

import * as assert from 'uvu/assert';

interface Expected {
  readonly code?: string;
  readonly paramName?: string | undefined;
  readonly socketErrorCode?: number;
}

type ErrorClass = abstract new (...args: never[]) => Error;

/** What `call` throws; fails when it does not. */
export function thrownBy(call: () => unknown): unknown {
  try {
    call();
  } catch (error) {
    return error;
  }
  return assert.unreachable('nothing was thrown');
}

/**
 * What a promise rejects with; fails when it resolves, when the call that makes it throws instead, and when it is not settled after two
 * macrotasks (all that a runtime driven by hand needs).
 */
export async function rejectionOf(promise: Promise<unknown>): Promise<unknown> {
  let outcome = 'did not settle';
  let error: unknown;
  const settled = promise.then(
    () => (outcome = 'did not reject'),
    (reason: unknown) => {
      outcome = 'rejected';
      error = reason;
    },
  );
  await Promise.race([settled, macrotask().then(macrotask)]);
  if (outcome !== 'rejected') assert.unreachable(`the promise ${outcome}`);
  return error;
}

function macrotask(): Promise<void> {
  return new Promise((go) => setImmediate(go));
}

/** Exactly that class, no subclass of it, with these properties. */
export function assertError(error: unknown, kind: ErrorClass, expected: Expected = {}): void {
  if (!(error instanceof Error)) assert.unreachable(`no Error: ${String(error)}`);
  const found = error as Error;
  assert.ok(found.constructor === kind, `${found.name}: ${found.message}; not ${kind.name}`);
  for (const [key, value] of Object.entries(expected)) {
    assert.is(
      (found as unknown as Record<string, unknown>)[key],
      value,
      `${key} of ${found.name}: ${found.message}`,
    );
  }
}

export function throws(call: () => unknown, kind: ErrorClass, expected?: Expected): void {
  assertError(thrownBy(call), kind, expected);
}

export async function rejects(
  promise: Promise<unknown>,
  kind: ErrorClass,
  expected?: Expected,
): Promise<void> {
  assertError(await rejectionOf(promise), kind, expected);
}

/** Passes through the microtasks that are due, however deep promises are nested. */
export async function microtasks(): Promise<void> {
  for (let i = 0; i < 20; i++) await Promise.resolve();
}
