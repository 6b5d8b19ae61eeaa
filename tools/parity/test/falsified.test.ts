/** Falsified recordings: each kind of fact changed once. All of them must be refused, else nothing that agrees means anything. */

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { fileURLToPath } from 'node:url';
import { differences } from '../src/compare.ts';
import { type Deviation, excuseOf } from '../src/deviations.ts';
import { Interpreter, type Observation } from '../src/interpreter.ts';
import { isObject, type Json, line } from '../src/json.ts';
import { LoopbackNetwork } from '../src/loopback-network.ts';
import type { NetworkName } from '../src/network.ts';
import type { Place } from '../src/place.ts';
import { replay, type Verdict } from '../src/replay.ts';
import { Step } from '../src/step.ts';
import { readVectors, type Scenario } from '../src/vectors.ts';

const vectors = readVectors(fileURLToPath(new URL('../vectors', import.meta.url)));
const test = suite('falsified recordings');

/** One fact of a recording: where it stands below the scenario, and its value. */
interface Fact {
  readonly path: readonly (string | number)[];
  readonly value: Json;
}

/** The scenarios that agree as they are, and those in which something is excused. */
const honest: Scenario[] = [];
const excused: { readonly scenario: Scenario; readonly verdict: Verdict }[] = [];

/** The same, with what was seen: judged without another replay, also as if another network had seen it. */
interface Watched {
  readonly scenario: Scenario;
  readonly observations: readonly Observation[];
}
const watchedHonest: Watched[] = [];
const watchedExcused: { readonly watched: Watched; readonly verdict: Verdict }[] = [];

test.before(async () => {
  for (const scenario of vectors.filter(isLight)) {
    const verdict = await replay(scenario, () => new LoopbackNetwork());
    if (verdict.outcome === 'skipped') continue;
    const watched = { scenario, observations: await new Interpreter(scenario, new LoopbackNetwork()).run() };
    if (verdict.outcome === 'agrees') {
      honest.push(scenario);
      watchedHonest.push(watched);
    }
    if (verdict.outcome === 'deviates') {
      excused.push({ scenario, verdict });
      watchedExcused.push({ watched, verdict });
    }
  }
});

test('every kind of fact, changed once, is refused', async () => {
  const done = new Set<string>();
  const believed: string[] = [];
  for (const scenario of honest) {
    for (const fact of factsOf(scenario)) {
      const kind = kindOf(scenario, fact);
      if (done.has(kind)) continue;
      done.add(kind);
      const { outcome } = await replay(falsified(scenario, fact), () => new LoopbackNetwork());
      if (outcome !== 'disagrees') believed.push(`${scenario.id} ${kind} ${fact.path.join('.')}: ${outcome}`);
    }
  }
  assert.equal(believed, []);
  for (const kind of MUST_BE_TRIED)
    assert.ok(
      [...done].some((one) => one.endsWith(kind)),
      `${kind} was tried`,
    );
});

test('an excuse is for one fact: every other of the scenario, changed, is refused', async () => {
  const believed: string[] = [];
  const timesUsed = new Map<Deviation, number>();
  for (const { scenario, verdict } of excused) {
    const [rule] = verdict.deviations.toSorted((a, b) => (timesUsed.get(a) ?? 0) - (timesUsed.get(b) ?? 0));
    if (rule === undefined || (timesUsed.get(rule) ?? 0) >= SCENARIOS_FOR_A_RULE) continue;
    for (const one of verdict.deviations) timesUsed.set(one, (timesUsed.get(one) ?? 0) + 1);
    for (const fact of factsOf(scenario)) {
      const at = fact.path.join('.');
      if (verdict.excused.some((path) => `${at}.`.startsWith(`${path}.`) || path.startsWith(`${at}.`)))
        continue;
      const { outcome } = await replay(falsified(scenario, fact), () => new LoopbackNetwork());
      if (outcome !== 'disagrees') believed.push(`${scenario.id} ${at}: ${outcome}`);
    }
  }
  assert.equal(believed, []);
});

test('the values that rules speak of are refused where no rule is meant', () => {
  const believed: string[] = [];
  let tried = 0;
  for (const watched of watchedHonest) {
    for (const fact of factsOf(watched.scenario)) {
      for (const value of valuesOfRules(fact)) {
        tried += 1;
        const false_ = edit(watched.scenario, fact.path, () => value);
        for (const name of networksOf(false_)) {
          const rules = believedBy(watched, false_, fact, name);
          if (rules !== null && !cannotBeTold(false_, rules))
            believed.push(`${false_.id} ${fact.path.join('.')} ${line(value)} on ${name}: ${rules}`);
        }
      }
    }
  }
  assert.ok(tried > 5_000, `${tried} were tried`);
  assert.equal(believed, []);
});

test('what a rule excuses is what was recorded, and nothing else in its place', () => {
  const believed: string[] = [];
  for (const { watched, verdict } of watchedExcused) {
    const excusedFacts = factsOf(watched.scenario).filter(({ path }) => {
      const at = path.join('.');
      return verdict.excused.some((one) => `${at}.`.startsWith(`${one}.`));
    });
    for (const fact of excusedFacts) {
      for (const value of [another(fact.value), ...valuesOfRules(fact)]) {
        const false_ = edit(watched.scenario, fact.path, () => value);
        const rules = believedBy(watched, false_, fact, 'loopback');
        if (rules !== null && rules !== '' && !cannotBeTold(false_, rules))
          believed.push(`${false_.id} ${fact.path.join('.')} ${line(value)}: ${rules}`);
      }
    }
  }
  assert.equal(believed, []);
});

test('a fact taken away, or added, is refused', async () => {
  const scenario = byId('receive/window-respected');
  const step = scenario.steps.length - 1;
  const without = edit(scenario, ['steps', step, 'saw'], (saw) => {
    const { data: _, ...rest } = saw as Record<string, Json>;
    return rest;
  });
  const more = edit(scenario, ['steps', step, 'saw'], (saw) => ({ ...(saw as object), acceptSocket: null }));
  for (const false_ of [without, more]) {
    assert.is((await replay(false_, () => new LoopbackNetwork())).outcome, 'disagrees');
  }
});

test('a completion that never came is refused, and so is one too many', async () => {
  const scenario = byId('receive/window-respected-pending');
  const at = scenario.steps.findIndex((step) => step['do'] === 'completed');
  const none = edit(scenario, ['steps', at, 'saw'], () => ({ events: 0 }));
  const twice = edit(scenario, ['end', 'events', 'e'], () => 2);
  for (const false_ of [none, twice]) {
    assert.is((await replay(false_, () => new LoopbackNetwork())).outcome, 'disagrees');
  }
});

test('a oneOf that holds the truth agrees, one that does not is refused', async () => {
  const scenario = byId('receive/window-respected');
  const path = ['steps', scenario.steps.length - 1, 'saw'];
  const wrong = { returned: true };
  const among = edit(scenario, path, (saw) => ({ oneOf: [wrong, saw] }));
  const beside = edit(scenario, path, () => ({ oneOf: [wrong, 'ok'] }));
  assert.is((await replay(among, () => new LoopbackNetwork())).outcome, 'agrees');
  assert.is((await replay(beside, () => new LoopbackNetwork())).outcome, 'disagrees');
});

test('a misspelt parameter, an unknown verb, an unknown name are mistakes of the scenario', async () => {
  const scenario = byId('receive/window-respected');
  const misspelt = edit(scenario, ['steps', 0], () => ({ do: 'pair', sever: 'S' }));
  const unknown = edit(scenario, ['steps', 0], () => ({ do: 'pear' }));
  const nobody = edit(scenario, ['steps', scenario.steps.length - 1, 'on'], () => 'X');
  for (const [false_, words] of [
    [misspelt, /unknown parameter "sever"/],
    [unknown, /no verb "pear"/],
    [nobody, /no socket "X"/],
  ] as const) {
    const { outcome, reason } = await replay(false_, () => new LoopbackNetwork());
    assert.is(outcome, 'disagrees');
    assert.match(reason ?? '', words);
  }
});

test('what .NET alone can do, and what is a defect of it, is skipped with a reason', async () => {
  for (const scenario of vectors.filter(({ bug, dotnetOnly }) => bug === true || dotnetOnly !== undefined)) {
    const { outcome, reason } = await replay(scenario, () => new LoopbackNetwork());
    assert.is(outcome, 'skipped');
    assert.ok(reason);
  }
});

test.run();

const SCENARIOS_FOR_A_RULE = 2;

/** So that a change of the recordings cannot empty the test. */
const MUST_BE_TRIED = [
  'returned',
  'events',
  'sender',
  'lastOperation',
  'socketError',
  'bytesTransferred',
  'socketFlags',
  'data',
  'list',
  'acceptSocket',
  'connectSocket',
  'connectByNameError',
  'threw.type',
  'threw.param',
  'localEndPoint',
  'remoteEndPoint',
  'connected',
  'available',
  'isBound',
  'buffer',
  'bufferList',
  'memoryBuffer.of',
  'context',
  'ran.handler',
  'handlerThrew.type',
  'then',
  'packetInfo.address',
  'packetInfo.interface',
  'from',
  'sendPacketsElements',
];

/** Its facts do not differ from others by 50 MB. */
function isLight(scenario: Scenario): boolean {
  return (
    scenario.bug !== true &&
    scenario.dotnetOnly === undefined &&
    !/:\d{7,}/.test(JSON.stringify(scenario.steps))
  );
}

/** What the rules excuse, where they do: the fact's name tells which they are. */
function valuesOfRules({ path, value }: Fact): Json[] {
  const name = path.at(-1);
  const values = Object.hasOwn(VALUES_OF_RULES, String(name)) ? (VALUES_OF_RULES[String(name)] ?? []) : [];
  const others = value === 'ok' ? [{ threw: { type: 'SocketException', socketError: 'Shutdown' } }] : [];
  return [...values, ...others].filter((one) => one !== value);
}

const VALUES_OF_RULES: Readonly<Record<string, readonly Json[]>> = {
  socketFlags: ['None', 'ControlDataTruncated', 'Truncated, ControlDataTruncated'],
  socketError: [
    'Success',
    'NotConnected',
    'Shutdown',
    'ConnectionReset',
    'ConnectionRefused',
    'OperationNotSupported',
    'AddressNotAvailable',
  ],
  bytesTransferred: [0, 1, 2],
  localEndPoint: ['unix:', null],
  remoteEndPoint: ['unix:', null],
  interface: [0],
  then: ['end', 'open', 'ConnectionReset'],
  type: ['ArgumentException', 'InvalidOperationException'],
};

function networksOf({ on }: Scenario): readonly NetworkName[] {
  return on.startsWith('udp') ? ['loopback', 'udp'] : ['loopback', 'tcp'];
}

/** The rules that excuse the falsified fact; '' = it is as it is now seen, null = it is refused. */
function believedBy(
  { observations }: Watched,
  scenario: Scenario,
  { path }: Fact,
  network: NetworkName,
): string | null {
  const index = path[0] === 'end' ? scenario.steps.length : Number(path[1]);
  const { step: was, saw } = observations[index] ?? {};
  const step = new Step(scenario.steps[index] ?? { do: 'end', saw: scenario.end });
  for (const note of was?.notes ?? []) step.notes.add(note);
  const place: Place = { scenario, network, step, index };
  const below = path.slice(path[0] === 'end' ? 1 : 3).join('.');
  const found = differences(step.expected, saw, (one) => excuseOf(one, place) === null).filter((one) =>
    `${below}.`.startsWith(one.path.length === 0 ? '' : `${one.path.join('.')}.`),
  );
  const rules = found.map((one) => excuseOf(one, place)?.name);
  return rules.includes(undefined) ? null : rules.join();
}

/** Several receives of the socket have waited, and the script does not tell whose object .NET took again: any of theirs is believed. */
function cannotBeTold({ id }: Scenario, rules: string): boolean {
  return rules === 'stale result' && id.startsWith('random-');
}

function byId(id: string): Scenario {
  const scenario = vectors.find((one) => one.id === id);
  if (scenario === undefined) throw new Error(`no scenario ${id}`);
  return scenario;
}

/** Everything that is compared: every leaf of what a step saw, and of what the end saw. */
function factsOf(scenario: Scenario): Fact[] {
  const facts: Fact[] = [];
  for (const [index, step] of scenario.steps.entries()) {
    if (step['saw'] !== undefined) facts.push(...leavesOf(step['saw'], ['steps', index, 'saw']));
  }
  return [...facts, ...leavesOf(scenario.end, ['end'])].filter(
    ({ path }) => !path.includes('raisedBeforeReturn') && !path.includes('oneOf'),
  );
}

function leavesOf(value: Json, path: Fact['path']): Fact[] {
  if (Array.isArray(value))
    return (value as readonly Json[]).flatMap((one, i) => leavesOf(one, [...path, i]));
  if (isObject(value))
    return Object.entries(value).flatMap(([name, one]) => leavesOf(one ?? null, [...path, name]));
  return [{ path, value }];
}

/** The verb and the fact: numbers and names of args are no kinds. */
function kindOf(scenario: Scenario, { path }: Fact): string {
  const [where, index, ...rest] = path;
  if (where === 'end') return 'end events';
  const verb = scenario.steps[Number(index)]?.['do'];
  const names = rest.filter((name) => name !== 'saw' && typeof name === 'string');
  const fact = verb === 'settle' ? names.slice(1) : names;
  return `${String(verb)} ${fact.join('.')}`.trim();
}

function falsified(scenario: Scenario, { path, value }: Fact): Scenario {
  return edit(scenario, path, () => another(value));
}

function another(value: Json): Json {
  if (typeof value === 'number') return value + 1;
  if (typeof value === 'boolean') return !value;
  return value === null ? 'C' : value === 'Success' ? 'TimedOut' : null;
}

/** A copy with one place changed. */
function edit(scenario: Scenario, path: Fact['path'], change: (value: Json) => Json): Scenario {
  const copy = structuredClone(scenario);
  let place = copy as unknown as Record<string | number, unknown>;
  for (const name of path.slice(0, -1)) place = place[name] as Record<string | number, unknown>;
  const last = path.at(-1) as string | number;
  place[last] = change(place[last] as Json);
  return copy;
}
