/** Which network can replay what, and how many at a time. */

import { LoopbackNetwork } from './loopback-network.ts';
import type { Network, NetworkName } from './network.ts';
import { replay, type Verdict } from './replay.ts';
import { TcpNetwork } from './tcp-network.ts';
import { UdpNetwork } from './udp-network.ts';
import type { Scenario } from './vectors.ts';

interface Way {
  readonly make: () => Network;
  readonly can: (scenario: Scenario) => boolean;
  /** Replays under way at a time. */
  readonly atOnce: number;
}

const isDatagram = ({ on }: Scenario): boolean => on.startsWith('udp');

export const WAYS: Readonly<Record<NetworkName, Way>> = {
  loopback: { make: () => new LoopbackNetwork(), can: () => true, atOnce: 1 },
  tcp: { make: () => new TcpNetwork(), can: (scenario) => !isDatagram(scenario), atOnce: 16 },
  udp: { make: () => new UdpNetwork(), can: isDatagram, atOnce: 24 },
};

/** Every scenario on one network, in their order. */
export async function replayAll(scenarios: readonly Scenario[], name: NetworkName): Promise<Verdict[]> {
  const { make, can, atOnce } = WAYS[name];
  const able = scenarios.filter(can);
  const verdicts: Verdict[] = [];
  const waiting = able.entries();
  const work = async (): Promise<void> => {
    for (const [index, scenario] of waiting) verdicts[index] = await replay(scenario, make);
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  return verdicts;
}
