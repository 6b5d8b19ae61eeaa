/**
 * Which sockets of a scenario are mere peers: all they do is write, read, shut down, close. On the kernel those are played by plain
 * `node:net`, so that the toolkit is not its own witness.
 */

import type { JsonObject } from './json.ts';
import type { Scenario } from './vectors.ts';

export interface PlainNames {
  readonly sockets: ReadonlySet<string>;
  /** Listeners whose backlog matters, and whose connections are all taken by plain peers. */
  readonly listeners: ReadonlySet<string>;
}

export function plainNames(scenario: Scenario): PlainNames {
  const steps = scenario.steps.flatMap(withInner);
  // A plain socket has no Unix-domain reset to show, and no second address.
  if (scenario.on !== 'tcp') return { sockets: new Set(), listeners: new Set() };
  const named = new Set(steps.filter(({ do: verb }) => MAKERS.has(String(verb))).flatMap(namesOf));
  const able = new Set([...named].filter((name) => steps.every((step) => isPlainUse(step, name))));
  const listeners = new Set(
    steps
      .filter(({ do: verb, backlog, as }) => verb === 'listener' && backlog !== undefined && as !== undefined)
      .map(({ as }) => String(as))
      .filter((name) => steps.every((step) => isPlainListening(step, name, able))),
  );
  // What a listener of the toolkit accepts is a socket of the toolkit.
  const taken = steps
    .filter(({ do: verb, on }) => verb === 'take' && !listeners.has(String(on)))
    .flatMap(namesOf);
  return { sockets: new Set([...able].filter((name) => !taken.includes(name))), listeners };
}

/** Verbs that bring a connected socket. */
const MAKERS: ReadonlySet<string> = new Set(['pair', 'dial', 'take']);
const ENDS: ReadonlySet<string> = new Set(['data', 'end', 'reset']);

function withInner(step: JsonObject): JsonObject[] {
  return [step, ...((step['steps'] as readonly JsonObject[] | undefined) ?? [])];
}

function namesOf({ do: verb, as, client, server }: JsonObject): string[] {
  return verb === 'pair' ? [String(client ?? 'C'), String(server ?? 'S')] : [String(as)];
}

function isPlainUse(step: JsonObject, name: string): boolean {
  if (step['do'] === 'set' && step['to'] === name) return false;
  if (step['on'] !== name) return true;
  const use = PLAIN_USES[String(step['do'])];
  return use?.(step) ?? false;
}

const PLAIN_USES: Readonly<Record<string, ((step: JsonObject) => boolean) | undefined>> = {
  write: () => true,
  read: () => true,
  close: ({ timeout }) => timeout === undefined,
  shutdown: ({ how }) => how === 'Send',
  wait: (step) => ENDS.has(String(step['for'])),
};

function isPlainListening(step: JsonObject, name: string, plain: ReadonlySet<string>): boolean {
  if (step['on'] !== name) return true;
  return step['do'] === 'close' || (step['do'] === 'take' && plain.has(String(step['as'])));
}
