/** The kinds of sockets that scenarios name. */

import { AddressFamily, Socket, type SocketOptions, SocketType } from '@proactor/core';
import type { Network } from './network.ts';
import { ScenarioError } from './scenario-error.ts';

const KINDS = {
  tcp: { addressFamily: AddressFamily.InterNetwork, socketType: SocketType.Stream },
  tcp6: { addressFamily: AddressFamily.InterNetworkV6, socketType: SocketType.Stream },
  dual: { addressFamily: AddressFamily.InterNetworkV6, dualMode: true, socketType: SocketType.Stream },
  unix: { addressFamily: AddressFamily.Unix, socketType: SocketType.Stream },
  udp: { addressFamily: AddressFamily.InterNetwork, socketType: SocketType.Dgram },
  udp6: { addressFamily: AddressFamily.InterNetworkV6, socketType: SocketType.Dgram },
  udpDual: { addressFamily: AddressFamily.InterNetworkV6, dualMode: true, socketType: SocketType.Dgram },
} as const satisfies Record<string, SocketOptions>;

export type SocketKind = keyof typeof KINDS;

export function kindOf(text: string): SocketKind {
  if (!Object.hasOwn(KINDS, text)) throw new ScenarioError(`no kind of socket "${text}"`);
  return text as SocketKind;
}

export function isDatagram(kind: SocketKind): boolean {
  return KINDS[kind].socketType === SocketType.Dgram;
}

export function newSocket(network: Network, kind: SocketKind): Socket {
  return new Socket(network.transportFor(kind), KINDS[kind]);
}

/** The kind of stream socket that an end point asks for. */
export function kindFor(endPoint: string): SocketKind {
  if (endPoint.startsWith('unix:')) return 'unix';
  return endPoint.startsWith('[') ? 'tcp6' : 'tcp';
}
