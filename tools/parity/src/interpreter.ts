/**
 * Runs one scenario once on one network and writes down what every step saw. It decides the order of things and nothing else: what a verb
 * does stands in `verbs/`, how a network waits in its network.
 */

import { AsyncLocalStorage } from 'node:async_hooks';
import type { Json } from './json.ts';
import type { Network } from './network.ts';
import { type PlainNames, plainNames } from './plain-names.ts';
import { NotHere, ScenarioError } from './scenario-error.ts';
import { Step } from './step.ts';
import type { Scenario } from './vectors.ts';
import { VERBS } from './verbs/every-verb.ts';
import { World } from './world.ts';

/** What a step saw: undefined = it observes nothing. */
export type Saw = Json | undefined;

/** A verb; it may take its time. */
export type Verb = (run: Interpreter, step: Step) => Saw | Promise<Saw>;

export interface Observation {
  readonly step: Step;
  readonly saw: Saw;
}

export class Interpreter {
  readonly network: Network;
  readonly scenario: Scenario;
  readonly world: World = new World();
  readonly byOutcome: boolean;
  /** What is played by plain peers. */
  readonly plain: PlainNames;
  /** The value that the scenario has set for what follows. */
  context: Json = null;
  contextUsed = false;

  constructor(scenario: Scenario, network: Network) {
    this.scenario = scenario;
    this.network = network;
    this.plain = network.plain === undefined ? NOBODY : plainNames(scenario);
    this.byOutcome = scenario.compare === 'outcome';
  }

  /** What every step saw, then what the end saw. */
  async run(): Promise<Observation[]> {
    const observations: Observation[] = [];
    try {
      for (const [index, json] of this.scenario.steps.entries()) {
        const step = new Step(json);
        try {
          const saw = await CONTEXT.run(this.context, () => this.do(step));
          observations.push({ step, saw });
        } catch (error) {
          if (error instanceof NotHere) throw error;
          const words =
            error instanceof ScenarioError ? error.message : ((error as Error).stack ?? String(error));
          throw new ScenarioError(`step ${index + 1}: ${words}`, { cause: error });
        }
      }
      await this.network.pass(LAST_LOOK_MS);
      observations.push({ step: new Step({ do: 'end', saw: this.scenario.end }), saw: this.#totals() });
      return observations;
    } finally {
      await this.world.dispose();
    }
  }

  /** Also for the steps of handlers, which run where the handler runs. */
  do(step: Step): Saw | Promise<Saw> {
    // `constructor` is no verb either.
    const verb = Object.hasOwn(VERBS, step.verb) ? VERBS[step.verb] : undefined;
    if (verb === undefined) throw new ScenarioError(`no verb "${step.verb}"`);
    const saw = verb(this, step);
    if (!(saw instanceof Promise)) {
      step.nothingElse();
      return saw;
    }
    return saw.then((value) => {
      step.nothingElse();
      return value;
    });
  }

  contextNow(): Json {
    return CONTEXT.getStore() ?? null;
  }

  #totals(): Json {
    const totals: Record<string, number> = {};
    for (const args of this.world.allArgs) totals[args.label] = args.total;
    return { events: totals };
  }
}

/** .NET: the AsyncLocal that the handlers look at. */
const CONTEXT = new AsyncLocalStorage<Json>();

const NOBODY: PlainNames = { sockets: new Set(), listeners: new Set() };

/** Quiet time after the last step, to catch a late event. */
const LAST_LOOK_MS = 50;
