// uvu with eyes. uvu 0.5.6 counts only what it ran: tests of a suite without run(), tests added after run() and tests
// pushed aside by `only` vanish; an error in a hook is swallowed, and a thrown value that is no Error ends the suite
// without a word. So every test that was written down must have started when the process ends, and every error is
// an Error that was shown. scripts/test.mjs puts this file in uvu's place.
import { inspect } from 'node:util';
import * as uvu from 'uvu';

/** Tests written down that have not started yet, and the one that is running. */
const unstarted = new Set();
let current;
let hookFailed = false;

export const suite = (name, state) => watched(uvu.suite(name, state), name);
export const test = watched(uvu.test);
export const exec = uvu.exec;

function watched(inner, suiteName) {
  const title = (name) => (suiteName ? `${suiteName}: ${name}` : name);
  const added = (add) => (name, handler) => {
    const entry = { title: title(name) };
    unstarted.add(entry);
    add(name, (context) => {
      unstarted.delete(entry);
      current = entry.title;
      return checked(handler, context);
    });
  };
  const hook = (add, kind) => (handler) => add((context) => shown(handler, context, title(kind)));

  const outer = added(inner);
  outer.only = added(inner.only);
  outer.skip = inner.skip;
  outer.run = inner.run;
  outer.before = hook(inner.before, 'before');
  outer.after = hook(inner.after, 'after');
  outer.before.each = hook(inner.before.each, 'before.each');
  outer.after.each = hook(inner.after.each, 'after.each');
  return outer;
}

async function checked(handler, context) {
  try {
    await handler(context);
  } catch (error) {
    // uvu reads name, stack and message, and fails where they are not strings.
    if (error instanceof Error && typeof error.stack === 'string') throw error;
    throw new Error(`thrown, though no Error: ${inspect(error)}`);
  } finally {
    current = undefined;
  }
}

async function shown(handler, context, kind) {
  try {
    await handler(context);
  } catch (error) {
    console.error(`\n  Failed in a hook, ${kind}: ${inspect(error)}`);
    hookFailed = true;
    throw error;
  }
}

process.on('exit', () => {
  for (const { title } of unstarted) console.error(`  Never ran: ${title}`);
  // uvu sets the exit code itself when it ends, whatever it was before.
  if (unstarted.size > 0 || hookFailed) process.exitCode ||= 1;
});

process.on('SIGTERM', () => {
  if (current !== undefined) console.error(`\n  Still running: ${current}`);
  console.error(`\n  Kept alive by: ${process.getActiveResourcesInfo().join(', ') || 'nothing'}`);
  process.exit(1);
});
