/** How a datagram socket comes to its port: bound by name, or by the first send or connect. */

import { DatagramPort } from './datagram-port.ts';
import type { EndPoint } from './end-point.ts';
import { openFailure } from './open-failure.ts';
import type { SocketCore } from './socket-core.ts';

/** Opens the port at an address. @throws SocketException when the platform will not, or what the transport found wrong */
export function openPort(core: SocketCore, at: EndPoint): DatagramPort {
  const port = new DatagramPort(core, core.opensBare());
  core.port = port;
  core.handleOpened();
  let failure: unknown = null;
  core.engine.enterCall();
  try {
    const { options } = core.openOptions(at);
    const channel = core.transport.bind?.(at, port, { options });
    if (channel !== undefined) port.attach(channel);
    for (const [name, value] of core.memberships.splice(0)) channel?.setOption?.(name, value);
    if (!core.referenced) channel?.ref?.(false);
  } catch (error) {
    failure = error;
    port.giveUp(error);
  } finally {
    core.engine.leaveCall();
  }
  failure ??= port.failure;
  if (failure !== null) {
    core.port = null;
    throw openFailure('bind to', at, failure);
  }
  core.portOpened(at);
  return port;
}

/** The port; opened at the wildcard address of the target's family where it is not bound yet. */
export function portFor(core: SocketCore, target: EndPoint): DatagramPort {
  return core.port ?? openPort(core, core.addresses.wildcardFor(target));
}
