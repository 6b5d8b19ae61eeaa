/** Excuses on Unix-domain sockets: an end without a path, and the reset that Node cannot send. */

import type { Difference } from '../compare.ts';
import type { Json, JsonObject } from '../json.ts';
import { argsOf, is, type Place } from '../place.ts';
import { before, matesOf, sawOf } from '../script.ts';
import type { Scenario } from '../vectors.ts';
import { closesBefore, resultsBefore, startOf } from './starts.ts';

/** Of a connected socket: the own end of one that came, the other end of one that was accepted. */
export function unnamed(fact: Difference, { step, scenario, index }: Place): boolean {
  if (scenario.on !== 'unix' || step.verb !== 'look') return false;
  const on = step.json['on'];
  const done = before(scenario, index);
  if (is(fact, ['remoteEndPoint'], 'unix:', null)) return done.some((one) => accepts(one, on));
  return (
    is(fact, ['localEndPoint'], 'unix:', null) &&
    done.some((one) => comes(one, on)) &&
    !done.some((one) => one['do'] === 'bind' && one['on'] === on)
  );
}

function comes({ do: verb, as, names, on, client = 'C' }: JsonObject, socket: Json | undefined): boolean {
  if (verb === 'pair') return client === socket;
  if (verb === 'connect' || verb === 'connectNow') return on === socket;
  return (verb === 'dial' || verb === 'staticConnect') && (as ?? names) === socket;
}

function accepts({ do: verb, as, names, server = 'S' }: JsonObject, socket: Json | undefined): boolean {
  if (verb === 'pair') return server === socket;
  return (verb === 'take' || verb === 'accept') && (as ?? names) === socket;
}

/** What is told to the peer of a socket that was closed with bytes unread, or was aborted. */
export function unixReset(fact: Difference, place: Place): boolean {
  const { network, step, scenario, index } = place;
  const { path, expected, seen, beside } = fact;
  if (network !== 'tcp' || scenario.on !== 'unix' || expected !== 'ConnectionReset') return false;
  if (step.verb === 'read')
    return path.join() === 'then' && seen === 'end' && wasReset(scenario, index, step.json['on']);
  if (path.at(-1) !== 'socketError' || seen !== 'Success') return false;
  if (beside?.['lastOperation'] !== 'Receive' && beside?.['lastOperation'] !== 'Send') return false;
  return wasReset(scenario, index, startOf(scenario, index, argsOf(fact, place))?.on);
}

function wasReset(scenario: Scenario, index: number, on: Json | undefined): boolean {
  const closed = closesBefore(scenario, index, on).some(
    (at) => scenario.steps[at]?.['abort'] === true || hasUnread(scenario, at, on),
  );
  return closed && !wasTold(scenario, index, on);
}

/** It is told once, by whoever asks first. */
function wasTold(scenario: Scenario, index: number, on: Json | undefined): boolean {
  return resultsBefore(scenario, index).some(
    ({ at, args, result }) =>
      result['socketError'] === 'ConnectionReset' && startOf(scenario, at, args)?.on === on,
  );
}

/** Whether the other side of the socket has not asked for what was last sent to it. */
function hasUnread(scenario: Scenario, index: number, on: Json | undefined): boolean {
  const mates = matesOf(scenario, on).filter((mate) => mate !== on);
  const sent = scenario.steps.findLastIndex(
    (one, at) => at < index && one['on'] === on && SENDS.has(one['do']) && sawOf(one, 'threw') === undefined,
  );
  const asked = scenario.steps
    .slice(sent + 1, index)
    .some((one) => mates.includes(one['on']) && (one['do'] === 'read' || one['do'] === 'receive'));
  const waits = scenario.steps
    .slice(0, sent + 1)
    .some((one) => mates.includes(one['on']) && one['do'] === 'receive' && sawOf(one, 'returned') === true);
  return sent >= 0 && !asked && !waits;
}

const SENDS: ReadonlySet<Json | undefined> = new Set(['write', 'send', 'sendPackets']);
