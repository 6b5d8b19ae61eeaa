/** What .NET did, on the kernel's datagrams: one test per scenario. */

import { testReplays } from './replays.ts';

testReplays('udp');
