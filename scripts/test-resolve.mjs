const watched = new URL('./uvu-watched.mjs', import.meta.url).href;

export function resolve(specifier, context, next) {
  if (specifier !== 'uvu' || context.parentURL === watched) return next(specifier, context);
  return { url: watched, format: 'module', shortCircuit: true };
}
