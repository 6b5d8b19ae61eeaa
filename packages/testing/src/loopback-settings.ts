/** The options of one handle on a loopback: kept and told as a kernel does, but only `ipv6Only` has an effect in memory. */

import { NotSupportedError } from '@proactor/core';

/** Their names, for `caps.options`: what programs for TCP set. */
export const SETTING_NAMES: readonly string[] = /* @__PURE__ */ Object.freeze([
  'noDelay',
  'keepAlive',
  'reuseAddress',
  'ipv6Only',
  'receiveBufferSize',
  'sendBufferSize',
]);

export class LoopbackSettings {
  readonly #values: Map<string, unknown>;

  /** @param first what was set before, others than ours are passed over; or a listener's settings, which its connections inherit */
  constructor(first: Readonly<Record<string, unknown>> | LoopbackSettings) {
    if (first instanceof LoopbackSettings) this.#values = new Map(first.#values);
    else this.#values = new Map(Object.entries(first).filter(([name]) => SETTING_NAMES.includes(name)));
  }

  /** The value was checked by core, as for every transport. */
  set(name: string, value: unknown): void {
    if (!SETTING_NAMES.includes(name))
      throw new NotSupportedError(`Cannot set option ${name}: loopback() knows ${SETTING_NAMES.join(', ')}`);
    this.#values.set(name, value);
  }

  get(name: string): unknown {
    return this.#values.get(name);
  }
}
