/** `ok`, or the error that came out. */

import type { Json } from '../json.ts';
import { ScenarioError } from '../scenario-error.ts';
import { threw } from '../values.ts';

export function attempt(act: () => void): Json {
  try {
    act();
    return 'ok';
  } catch (error) {
    return outcomeOf(error);
  }
}

export async function attemptLater(act: () => Promise<unknown>): Promise<Json> {
  try {
    await act();
    return 'ok';
  } catch (error) {
    return outcomeOf(error);
  }
}

/** A mistake in the scenario is no outcome. */
function outcomeOf(error: unknown): Json {
  if (error instanceof ScenarioError) throw error;
  return threw(error);
}
