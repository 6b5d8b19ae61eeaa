/** What .NET did, on the kernel's streams: one test per scenario. They are replayed side by side, before the first is judged. */

import { testReplays } from './replays.ts';

testReplays('tcp');
