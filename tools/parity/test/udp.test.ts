/** What .NET did, on the kernel's datagrams: one test per scenario. And what packetInfo adds. */

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { replay, type Verdict } from '../src/replay.ts';
import { UdpNetwork } from '../src/udp-network.ts';
import { testReplays, VECTORS } from './replays.ts';

testReplays('udp');

const informed = suite('what .NET did, on udp with packetInfo');
const scenarios = VECTORS.filter(
  ({ steps, on, bug }) =>
    on.startsWith('udp') && bug !== true && steps.some((step) => step['do'] === 'receiveMessageFrom'),
);
const verdicts = new Map<string, Verdict>();

informed.before(async () => {
  const all = await Promise.all(scenarios.map((one) => replay(one, () => new UdpNetwork(true))));
  for (const verdict of all) verdicts.set(verdict.id, verdict);
});

for (const { id, title } of scenarios) {
  informed(`${id}: ${title}`, () => {
    const { outcome, reason, excused = [] } = verdicts.get(id) ?? {};
    assert.is.not(outcome, 'disagrees', reason);
    // The host lists 127.0.0.1 and ::1, but not the rest of 127.0.0.0/8, to which this one sends as well.
    const unknown = excused.filter((path) => path.includes('packetInfo.address'));
    assert.is(unknown.length, id === 'datagram/packet-info' ? 1 : 0, excused.join());
  });
}

informed.run();
