import { InvalidOperationError, ObjectDisposedError } from '@proactor/core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  CONFIGURE,
  DELIVER,
  DISPOSE,
  DISPOSED,
  FREE,
  IN_PROGRESS,
  IN_PROGRESS_DISPOSE_ASKED,
  OPERATION_STATES,
  type OperationState,
  SETTLE,
  SETTLED,
  SETTLED_DISPOSE_ASKED,
  START,
  step,
} from '../src/operation-state.ts';
import { throws } from './expecting.ts';

const states = {
  free: FREE,
  'in progress': IN_PROGRESS,
  settled: SETTLED,
  'in progress, dispose asked': IN_PROGRESS_DISPOSE_ASKED,
  'settled, dispose asked': SETTLED_DISPOSE_ASKED,
  disposed: DISPOSED,
} as const;
const steps = {
  start: START,
  settle: SETTLE,
  deliver: DELIVER,
  dispose: DISPOSE,
  configure: CONFIGURE,
} as const;

type Outcome = keyof typeof states | 'busy' | 'gone' | 'never';

/** The table once more, written by hand: what .NET's guard says of every state, in the order start, settle, deliver, dispose, configure. */
const expected: Record<keyof typeof states, readonly [Outcome, Outcome, Outcome, Outcome, Outcome]> = {
  free: ['in progress', 'never', 'never', 'disposed', 'free'],
  'in progress': ['busy', 'settled', 'never', 'in progress, dispose asked', 'busy'],
  settled: ['busy', 'never', 'free', 'settled, dispose asked', 'busy'],
  'in progress, dispose asked': [
    'busy',
    'settled, dispose asked',
    'never',
    'in progress, dispose asked',
    'busy',
  ],
  'settled, dispose asked': ['busy', 'never', 'disposed', 'settled, dispose asked', 'busy'],
  disposed: ['gone', 'never', 'never', 'disposed', 'gone'],
};

const table = suite('operation state');

for (const [stateName, outcomes] of Object.entries(expected) as [keyof typeof states, readonly Outcome[]][]) {
  Object.entries(steps).forEach(([stepName, taken], column) => {
    const outcome = outcomes[column] as Outcome;
    table(`${stepName} of args ${stateName}: ${outcome}`, () => {
      const go = (): OperationState => step(states[stateName], taken, 'do it');
      if (outcome === 'busy') throws(go, InvalidOperationError, { code: 'ERR_INVALID_OPERATION' });
      else if (outcome === 'gone') throws(go, ObjectDisposedError, { code: 'ERR_OBJECT_DISPOSED' });
      else if (outcome === 'never') throws(go, Error);
      else assert.is(go(), states[outcome]);
    });
  });
}

table('the states are all different, and the table has a row for each and a cell for each step', () => {
  assert.is(new Set(Object.values(states)).size, 6);
  assert.is(OPERATION_STATES.length, 6);
  for (const row of OPERATION_STATES) assert.is(row.length, 5);
});

table('a refusal names what the user was doing', () => {
  assert.throws(() => step(IN_PROGRESS, START, 'receive'), /receive.*in progress/);
  assert.throws(() => step(DISPOSED, CONFIGURE, 'set buffer'), /set buffer.*disposed/);
});

table('a life with a dispose in the middle ends disposed, not before delivery', () => {
  let state: OperationState = FREE;
  for (const taken of [START, DISPOSE, SETTLE] as const) state = step(state, taken, 'live');
  throws(() => step(state, START, 'start'), InvalidOperationError);
  state = step(state, DELIVER, 'deliver');
  throws(() => step(state, START, 'start'), ObjectDisposedError);
});

table.run();
