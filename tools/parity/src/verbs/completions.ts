/** Verbs that wait for completions, or for the absence of any. */

import type { Verb } from '../interpreter.ts';
import type { Json } from '../json.ts';
import { PATIENCE_MS } from '../network.ts';
import { showCompletion } from './results.ts';

export const COMPLETION_VERBS: Readonly<Record<string, Verb>> = {
  async completed(run, step) {
    const args = run.world.args(step.text('args'));
    const within = step.number('within', PATIENCE_MS);
    step.flag('rough');
    await run.network.until(() => args.ready, within);
    const completion = args.take();
    return completion === null ? { events: 0 } : showCompletion(run, step, args, completion);
  },
  async quiet(run, step) {
    await run.network.pass(step.number('ms'));
    const watched = step.has('args')
      ? step.names('args').map((name) => run.world.args(name))
      : run.world.allArgs;
    return { events: watched.reduce((events, args) => events + args.untaken, 0) };
  },
  async settle(run, step) {
    await run.network.pass(step.number('ms'));
    const saw: Record<string, Json> = {};
    for (const args of run.world.allArgs) {
      const taken: Json[] = [];
      for (let one = args.take(); one !== null; one = args.take())
        taken.push(showCompletion(run, step, args, one));
      if (taken.length > 0) saw[args.label] = taken;
    }
    return saw;
  },
};
