/** The options of one handle on a loopback, kept and told as a kernel does. Whether one has an effect is the business of its reader. */

import { NotSupportedError } from '@proactor/core';

/** For `caps.options` of streams: what programs for TCP set. Only `ipv6Only` has an effect in memory. */
export const SETTING_NAMES: readonly string[] = /* @__PURE__ */ Object.freeze([
  'noDelay',
  'keepAlive',
  'reuseAddress',
  'ipv6Only',
  'receiveBufferSize',
  'sendBufferSize',
]);

/** For those of datagrams. With an effect: `broadcast` and `multicastLoopback`; when it is bound, `reuseAddress` and `ipv6Only`. */
export const DATAGRAM_SETTING_NAMES: readonly string[] = /* @__PURE__ */ Object.freeze([
  'broadcast',
  'reuseAddress',
  'ipv6Only',
  'receiveBufferSize',
  'sendBufferSize',
  'ttl',
  'multicastTtl',
  'multicastLoopback',
  'multicastInterface',
]);

export class LoopbackSettings {
  readonly #values: Map<string, unknown>;
  readonly #names: readonly string[];

  /** @param first what was set before, others than ours are passed over; or a listener's settings, which its connections inherit */
  constructor(
    first: Readonly<Record<string, unknown>> | LoopbackSettings,
    names: readonly string[] = SETTING_NAMES,
  ) {
    this.#names = first instanceof LoopbackSettings ? first.#names : names;
    if (first instanceof LoopbackSettings) this.#values = new Map(first.#values);
    else this.#values = new Map(Object.entries(first).filter(([name]) => names.includes(name)));
  }

  /** The value was checked by core, as for every transport. */
  set(name: string, value: unknown): void {
    if (!this.#names.includes(name))
      throw new NotSupportedError(`Cannot set option ${name}: loopback() knows ${this.#names.join(', ')}`);
    this.#values.set(name, value);
  }

  get(name: string): unknown {
    return this.#values.get(name);
  }
}
