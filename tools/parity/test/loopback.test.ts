/** What .NET did, on the network in memory: one test per scenario. And no rule of the deviations without a use. */

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { DEVIATIONS } from '../src/deviations.ts';
import { replay } from '../src/replay.ts';
import { TcpNetwork } from '../src/tcp-network.ts';
import { UdpNetwork } from '../src/udp-network.ts';
import { testReplays, VECTORS } from './replays.ts';

const verdicts = testReplays('loopback');

const rules = suite('deviations');

rules('every rule has a use', async () => {
  const used = new Set([...verdicts.values()].flatMap(({ deviations }) => deviations));
  // Some are about the kernel alone.
  const more = VECTORS.filter(({ id, on }) => id.startsWith('deviation/') || on === 'unix');
  const onTcp = await Promise.all(more.map((scenario) => replay(scenario, () => new TcpNetwork())));
  const packets = VECTORS.filter(({ id }) => id.startsWith('datagram/packet-info'));
  const onUdp = await Promise.all(packets.map((scenario) => replay(scenario, () => new UdpNetwork())));
  for (const rule of [...onTcp, ...onUdp].flatMap(({ deviations }) => deviations)) used.add(rule);
  assert.equal(
    DEVIATIONS.filter((rule) => !used.has(rule)).map(({ name }) => name),
    [],
  );
});

rules('no two rules have one name or one reason', () => {
  for (const field of ['name', 'reason'] as const)
    assert.is(new Set(DEVIATIONS.map((rule) => rule[field])).size, DEVIATIONS.length);
});

rules.run();
