// Gives every test file the watched uvu instead of uvu itself.
import module from 'node:module';
import { resolve } from './test-resolve.mjs';

if (module.registerHooks) module.registerHooks({ resolve });
else module.register('./test-resolve.mjs', import.meta.url);
