/**
 * One comparison, run: everybody is alive at once, and is driven in short slices, in random order, round after round. So what the machine
 * does meanwhile, throttling and neighbours, hits all alike, and the ratios of one round mean something although the times do not.
 */

import { cpuNanoseconds } from './accounts.ts';
import { C, type Comparison, FLOOR, type Load, NODE } from './comparisons.ts';
import { inC, onNode } from './contenders.ts';
import { type Command, Program } from './program.ts';
import { shuffled, type Spread, spreadOf } from './statistics.ts';

export interface Pace {
  readonly rounds: number;
  readonly sliceMs: number;
  /** Who may take part; null = everybody. */
  readonly contenders: readonly string[] | null;
}

export interface Standing {
  readonly name: string;
  /** Nanoseconds of CPU a message. */
  readonly cpu: Spread;
  /** Ratios of the same round; of the gap between node:net and C how much is closed. Null where there is nothing to compare with. */
  readonly toNode: Spread | null;
  readonly toFloor: Spread | null;
  readonly gapClosed: Spread | null;
  /** Of each round, in order. */
  readonly rounds: readonly number[];
}

export interface Outcome {
  readonly id: string;
  readonly title: string;
  readonly standings: readonly Standing[];
  /** `promises ÷ node iterator`, and the like. */
  readonly pairs: Readonly<Record<string, Spread>>;
  /** Who could not take part, and why. */
  readonly absent: Readonly<Record<string, string>>;
}

/** Somebody who takes part: whose time counts, and who drives. */
interface Running {
  readonly name: string;
  readonly measured: Program;
  readonly driver: Program;
  readonly programs: readonly Program[];
  readonly costs: number[];
}

export async function run(comparison: Comparison, pace: Pace): Promise<Outcome> {
  const absent: Record<string, string> = {};
  const running: Running[] = [];
  try {
    for (const [name, find] of Object.entries(comparison.contenders)) {
      if (pace.contenders?.includes(name) === false) continue;
      const command = find();
      if (typeof command === 'string') absent[name] = command;
      else running.push(await start(name, command, comparison));
    }
    // Warm: compiled, and the kernel's buffers grown. Who does most in JavaScript needs longest.
    for (let time = 0; time < WARM_SLICES; time++) for (const one of running) await slice(one, pace.sliceMs);
    for (let round = 0; round < pace.rounds; round++)
      for (const one of shuffled(running)) one.costs.push(await slice(one, pace.sliceMs));
  } finally {
    await Promise.all(running.flatMap(({ programs }) => programs.map((program) => program.stop())));
  }
  const { id, title, pairs = [] } = comparison;
  return { id, title, standings: standingsOf(running), pairs: pairsOf(running, pairs), absent };
}

async function start(name: string, command: Command, { measured, load }: Comparison): Promise<Running> {
  if (measured === 'servers') {
    const server = new Program(name, command);
    const place = await server.answer('listening on');
    const driver = await startDriver(`load on ${name}`, loadGenerator(), place, load);
    return { name, measured: server, driver, programs: [driver, server], costs: [] };
  }
  const server = new Program(`server of ${name}`, anyServer());
  const client = await startDriver(name, command, await server.answer('listening on'), load);
  return { name, measured: client, driver: client, programs: [client, server], costs: [] };
}

/** A program that drives a server, once its connections are open. */
export async function startDriver(
  name: string,
  { file, args, env }: Command,
  place: string,
  { connections, depth, request, response, kind }: Load,
): Promise<Program> {
  const [address = '', port = ''] = place.split(':');
  const load = [address, port, connections, depth, request, response, ...(kind === undefined ? [] : [kind])];
  const driver = new Program(name, { file, args: [...args, ...load.map(String)], env });
  await driver.answer('ready');
  return driver;
}

/** In C where there is a compiler: it costs least. */
export function loadGenerator(): Command {
  const load = inC('load');
  return typeof load === 'string' ? onNode('clients/node-data.ts') : load;
}

function anyServer(): Command {
  const server = inC('echo');
  return typeof server === 'string' ? onNode('servers/node-data.ts') : server;
}

/** Nanoseconds of CPU a message. */
async function slice({ name, measured, driver }: Running, ms: number): Promise<number> {
  const before = cpuNanoseconds(measured.pid);
  driver.say(`run ${ms}`);
  const messages = Number(await driver.answer('messages'));
  if (!(messages > 0)) throw new Error(`${name} answered nothing in ${ms} ms`);
  return (cpuNanoseconds(measured.pid) - before) / messages;
}

/** Ratios of the same round, of those of whom both took part. */
export function pairsOf(
  running: readonly { readonly name: string; readonly costs: readonly number[] }[],
  pairs: readonly (readonly [string, string])[],
): Record<string, Spread> {
  const result: Record<string, Spread> = {};
  for (const [name, other] of pairs) {
    const own = running.find((one) => one.name === name)?.costs;
    const others = running.find((one) => one.name === other)?.costs;
    if (own !== undefined && others !== undefined)
      result[`${name} ÷ ${other}`] = spreadOf(own.map((cost, round) => cost / at(others, round)));
  }
  return result;
}

/** @param costs of everybody, by round */
export function standingsOf(
  running: readonly { readonly name: string; readonly costs: readonly number[] }[],
): Standing[] {
  const of = (name: string): readonly number[] | undefined => running.find((one) => one.name === name)?.costs;
  const [node, floor, c] = [of(NODE), of(FLOOR), of(C)];
  return running.map(({ name, costs }) => {
    const compare = (by: (own: number, round: number) => number): Spread => spreadOf(costs.map(by));
    return {
      name,
      cpu: spreadOf(costs),
      toNode: node === undefined ? null : compare((own, round) => own / at(node, round)),
      toFloor: floor === undefined ? null : compare((own, round) => own / at(floor, round)),
      gapClosed:
        node === undefined || c === undefined || name === NODE
          ? null
          : compare((own, round) => (at(node, round) - own) / (at(node, round) - at(c, round))),
      rounds: costs,
    };
  });
}

function at(values: readonly number[], index: number): number {
  return values[index] ?? Number.NaN;
}

const WARM_SLICES = 3;
