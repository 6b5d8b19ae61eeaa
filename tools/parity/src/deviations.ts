/**
 * Where this toolkit differs from .NET on purpose: a table of rules. A rule says which fact, in which situation, may differ, and why. It
 * excuses that fact alone; everything else of the scenario is still compared. No rule names a scenario, so that those nobody has seen are
 * judged too.
 */

import type { Difference } from './compare.ts';
import { eagerAccept } from './excuses/backlog.ts';
import { bindDiffers, boundDiffers } from './excuses/binding.ts';
import { elementDiffers, elementsTogether, failedPackets } from './excuses/packets.ts';
import {
  controlData,
  elsewhere,
  olderDatagram,
  refusedStart,
  staleResult,
  wildcardPacket,
} from './excuses/receives.ts';
import { reuseInOrder, sendFlags, sendOfNothing } from './excuses/sends.ts';
import { shutdownWaits } from './excuses/shutdown.ts';
import { unixReset, unnamed } from './excuses/unix.ts';
import type { Json } from './json.ts';
import { is, type Place } from './place.ts';
import { before, flowSuppressed, remoteOf, sawOf } from './script.ts';
import type { Scenario } from './vectors.ts';

export interface Deviation {
  readonly name: string;
  readonly reason: string;
  excuses(difference: Difference, place: Place): boolean;
}

export const DEVIATIONS: readonly Deviation[] = [
  {
    name: 'later',
    reason:
      'a connect or a send may answer true where .NET is done inside the call: the contract is normative, not the value',
    excuses: (fact, { step }) =>
      is(fact, ['returned'], false, true) && step.notes.has('done after the call') && LATER.has(step.verb),
  },
  {
    name: 'in the kernel',
    reason: 'a receive may answer true when what it gets is still in the kernel',
    excuses: (fact, { step }) =>
      is(fact, ['returned'], false, true) &&
      step.notes.has('done after the call') &&
      step.notes.has('held back'),
  },
  {
    name: 'bind records',
    reason:
      'bind of a stream records: the port is 0 until it listens, and listen() reports what is wrong with the address',
    excuses: (fact, place) =>
      !place.scenario.on.startsWith('udp') && (bindDiffers(fact, place) || boundDiffers(fact, place)),
  },
  {
    name: 'blocking calls',
    reason: 'blocking calls cannot be had: Connect after a disconnect is the asynchronous one',
    excuses: ({ path, expected }, { step, scenario, index }) =>
      step.verb === 'connectNow' &&
      sawOf(scenario.steps[index], 'threw', 'type') === 'InvalidOperationException' &&
      (path.length === 0 || path[0] === 'threw') &&
      expected !== null &&
      wasDisconnected(scenario, index, step.json['on']),
  },
  {
    name: 'no such option',
    reason: 'blocking, receiveTimeout and sendTimeout do not exist: setting them is refused by name',
    excuses: (fact, { step, scenario }) => {
      if (step.verb === 'option')
        return (
          fact.path.length === 0 &&
          fact.expected === 'ok' &&
          NO_OPTIONS.has(step.text('name')) &&
          isNotSupported(fact.seen)
        );
      return step.verb === 'look' && is(fact, ['blocking'], blockingOf(scenario), null);
    },
  },
  {
    name: 'context',
    reason:
      'handlers run in the context of their Socket, or of the start when the args flows it: a caller cannot suppress the flow',
    excuses: ({ path, expected }, { step, scenario }) =>
      path.length === 1 &&
      path[0] === 'context' &&
      expected === null &&
      flowSuppressed(scenario, step.json['args']),
  },
  {
    name: 'stale result',
    reason:
      'an aborted receive has transferred nothing; .NET shows the count and the flags of an earlier receive of the socket',
    excuses: staleResult,
  },
  {
    name: 'unnamed',
    reason: 'a Unix-domain socket without a path has no end point; in .NET it has an empty one',
    excuses: unnamed,
  },
  {
    name: 'Unix-domain reset',
    reason:
      'Node cannot reset a Unix-domain connection: what was read ahead is not unread to the kernel, so the peer sees an end',
    excuses: unixReset,
  },
  {
    name: 'no files',
    reason: 'a network in memory has no files: a path where nobody listens is no address',
    excuses: (fact, { network, scenario, index, step }) =>
      network === 'loopback' &&
      is(fact, ['socketError'], 'ConnectionRefused', 'AddressNotAvailable') &&
      isFile(scenario, index, remoteOf(scenario, index, step.json['args'])),
  },
  {
    name: 'shutdown waits',
    reason:
      'shutdown(Send) waits for the sends that were given down; a close resets when memory is still lent, also after a shutdown',
    excuses: shutdownWaits,
  },
  {
    name: 'send flags',
    reason:
      'OutOfBand and DontRoute cannot be had on Node: a send with them is OperationNotSupported, and nothing of it arrives',
    excuses: sendFlags,
  },
  {
    name: 'one constructor',
    reason:
      'a SendPackets element has one constructor: null has no type, array and memory are one type, a source is always asynchronous',
    excuses: elementDiffers,
  },
  {
    name: 'control data',
    reason: 'ControlDataTruncated is never reported: there is no control data on Node',
    excuses: controlData,
  },
  {
    name: 'older datagram',
    reason:
      'the packet information of a datagram older than the first ReceiveMessageFrom is what the transport knows, not interface 0',
    excuses: olderDatagram,
  },
  {
    name: 'wildcard packet',
    reason:
      'bound to a wildcard, udp() does not know where a datagram was sent to; with packetInfo it knows the addresses that the host lists',
    excuses: wildcardPacket,
  },
  {
    name: 'refused start',
    reason:
      'a start that is refused changes nothing; on .NET a ReceiveMessageFrom refused by an args that is receiving costs that one its sender',
    excuses: refusedStart,
  },
  {
    name: 'to the peer alone',
    reason: 'sendTo elsewhere on a connected datagram socket completes with IsConnected, and nothing arrives',
    excuses: elsewhere,
  },
  {
    name: 'elements together',
    reason: 'SendPackets keeps its elements together: no other send goes out between two of them',
    excuses: elementsTogether,
  },
  {
    name: 'failed SendPackets',
    reason: 'a failed SendPackets leaves connected as the stream is, so another one is not refused',
    excuses: failedPackets,
  },
  {
    name: 'reuse in order',
    reason:
      'a disconnect for reuse ends in good order: .NET resets right behind it, so the first write of the peer fails there and not here',
    excuses: reuseInOrder,
  },
  {
    name: 'send of nothing',
    reason:
      'a send of nothing asks nobody on tcp: a reset that no receive has shown is told by the next send with bytes',
    excuses: sendOfNothing,
  },
  {
    name: 'eager accept',
    reason: 'Node accepts eagerly: a full backlog does not make a connect pend on tcp',
    excuses: eagerAccept,
  },
];

export function excuseOf(difference: Difference, place: Place): Deviation | null {
  return DEVIATIONS.find((one) => one.excuses(difference, place)) ?? null;
}

const LATER: ReadonlySet<string> = new Set(['connect', 'staticConnect', 'send', 'sendTo', 'sendPackets']);
const NO_OPTIONS: ReadonlySet<string> = new Set(['blocking', 'receiveTimeout', 'sendTimeout']);

function isNotSupported(seen: Json | undefined): boolean {
  const type = sawOf({ saw: seen }, 'threw', 'type');
  return type === 'NotSupportedException' || type === 'PlatformNotSupportedException';
}

/** Something is there on .NET: a file that the script has made, or what somebody who listened has left. */
function isFile(scenario: Scenario, index: number, path: string): boolean {
  return (
    path.startsWith('unix:') &&
    before(scenario, index).some(
      (one) =>
        one['at'] === path ||
        one['to'] === path ||
        (one['do'] === 'file' && path === `unix:${String(one['as'])}`),
    )
  );
}

/** As it was set: an accepted socket inherits it. */
function blockingOf({ steps }: Scenario): Json {
  return steps.find((one) => one['do'] === 'option' && one['name'] === 'blocking')?.['value'] ?? true;
}

function wasDisconnected(scenario: Scenario, index: number, on: Json | undefined): boolean {
  return before(scenario, index).some((one) => one['do'] === 'disconnect' && one['on'] === on);
}
