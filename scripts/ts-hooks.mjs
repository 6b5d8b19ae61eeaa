// Lets Node run the TypeScript sources: node --conditions=@proactor/source --import=./scripts/ts-hooks.mjs FILE.ts
import module from 'node:module';
import { compile, isTypeScript } from './ts-compile.mjs';

if (module.registerHooks) {
  // Node 22.15 and later; there module.register() works as well, but is deprecated from Node 26 on.
  module.registerHooks({
    load: (url, context, next) => (isTypeScript(url) ? compile(url) : next(url, context)),
  });
} else {
  module.register('./ts-compile.mjs', import.meta.url);
}
