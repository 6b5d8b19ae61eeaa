import { ArgumentError } from './errors.ts';
import { quote } from './quote.ts';

/**
 * An options bag: an object, or nothing. A number where a bag belongs is a mistake of porting (`Close(0)`, `Wait(50)`), not "no options".
 *
 * @param known the names it may have; undefined = they are not looked at
 * @throws ArgumentError
 */
export function checkOptionsBag(options: unknown, paramName: string, known?: ReadonlySet<string>): void {
  if (options === undefined || options === null) return;
  if (typeof options !== 'object' || Array.isArray(options)) {
    throw new ArgumentError(`Cannot use ${quote(options)} as options: an object is needed`, paramName);
  }
  if (known === undefined) return;
  for (const name of Object.keys(options)) {
    if (known.has(name)) continue;
    throw new ArgumentError(
      `Cannot use option ${quote(name)}: there are ${[...known].join(', ')}`,
      paramName,
    );
  }
}
