/** Everything that one replay of one scenario has named: sockets, args, bytes, lists, elements, streams, ports, files. */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import {
  AddressFamily,
  DnsEndPoint,
  type EndPoint,
  type FileSource,
  IPEndPoint,
  SendPacketsElement,
  type Socket,
  UnixDomainSocketEndPoint,
} from '@proactor/core';
import { isObject, type Json, type JsonObject } from './json.ts';
import type { ObservedArgs } from './observed-args.ts';
import type { Peer, PeerListener } from './peer.ts';
import { ScenarioError } from './scenario-error.ts';
import { Step } from './step.ts';
import { rememberPorts } from './tcp-network.ts';
import { parseBytes } from './values.ts';

/** A `FileStream` of the scenario: it stands somewhere, which sending must neither use nor change. */
interface NamedStream extends FileSource {
  readonly position: number;
}

/** What a list may hold: .NET's segment without an array is null. */
type Segment = Uint8Array | null;
type Elements = (SendPacketsElement | null)[];

export class World {
  readonly #sockets = new Map<string, Socket>();
  readonly #peers = new Map<string, Peer>();
  readonly #listeners = new Map<string, PeerListener>();
  readonly #args = new Map<string, ObservedArgs>();
  readonly #bytes = new Map<string, Uint8Array>();
  readonly #lists = new Map<string, Segment[]>();
  readonly #elements = new Map<string, Elements>();
  readonly #streams = new Map<string, NamedStream>();
  readonly #ports = new Map<number, string>();
  #folder: string | null = null;

  // Sockets.

  socket(name: string): Socket {
    return this.#sockets.get(name) ?? missing('socket', name);
  }

  addSocket(name: string, socket: Socket): Socket {
    if (this.#sockets.has(name)) throw new ScenarioError(`a second socket "${name}"`);
    this.#sockets.set(name, socket);
    this.learnPort(name, socket);
    rememberPorts(socket);
    return socket;
  }

  /** `new` for one that the scenario has not named. */
  nameOfSocket(socket: Socket | null | undefined): string | null {
    return socket === null || socket === undefined ? null : (keyOf(this.#sockets, socket) ?? 'new');
  }

  // Peers that are no sockets of the toolkit.

  /** null where a socket of the toolkit plays that part. */
  peer(name: string): Peer | null {
    return this.#peers.get(name) ?? null;
  }

  addPeer(name: string, peer: Peer): void {
    if (this.#peers.has(name)) throw new ScenarioError(`a second socket "${name}"`);
    this.#peers.set(name, peer);
    this.#learn(name, peer.localPort);
  }

  peerListener(name: string): PeerListener | null {
    return this.#listeners.get(name) ?? null;
  }

  addPeerListener(name: string, listener: PeerListener): void {
    this.#listeners.set(name, listener);
    this.#learn(name, listener.port);
  }

  // End points: an address and a port, where a port is a number or the {name} of the socket that had it first.

  endPoint(text: string): EndPoint {
    if (text.startsWith('unix:')) return new UnixDomainSocketEndPoint(this.filePath(text.substring(5)));
    const split = text.lastIndexOf(':');
    if (split < 0) throw new ScenarioError(`no end point "${text}"`);
    const address = text.substring(0, split);
    const port = this.#port(text.substring(split + 1));
    const [kind = '', host = ''] = address.split(' ');
    const family = DNS_FAMILIES[kind];
    if (family !== undefined) return new DnsEndPoint(host, port, family);
    return new IPEndPoint(address.replace(/^\[|\]$/g, ''), port);
  }

  showEndPoint(endPoint: EndPoint | null | undefined): string | null {
    if (endPoint === null || endPoint === undefined) return null;
    if (endPoint instanceof UnixDomainSocketEndPoint) return `unix:${this.#inFolder(endPoint.path)}`;
    if (endPoint instanceof DnsEndPoint) {
      const kind =
        Object.keys(DNS_FAMILIES).find((name) => DNS_FAMILIES[name] === endPoint.addressFamily) ?? 'dns';
      return `${kind} ${endPoint.host}:${this.#showPort(endPoint.port)}`;
    }
    if (!(endPoint instanceof IPEndPoint)) return String(endPoint);
    const address =
      endPoint.addressFamily === AddressFamily.InterNetworkV6 ? `[${endPoint.address}]` : endPoint.address;
    return `${address}:${this.#showPort(endPoint.port)}`;
  }

  learnPort(name: string, socket: Socket): void {
    const local = localOf(socket);
    if (local instanceof IPEndPoint && local.port !== 0) this.#learn(name, local.port);
  }

  /** The first to have it is its owner; who has a second one gets a prime. */
  #learn(name: string, port: number): void {
    if (this.#ports.has(port)) return;
    let owner = name;
    const owners = new Set(this.#ports.values());
    while (owners.has(owner)) owner += "'";
    this.#ports.set(port, owner);
  }

  addDeadPort(name: string, port: number): void {
    this.#ports.set(port, name);
  }

  #port(text: string): number {
    const name = /^\{(.+)\}$/.exec(text)?.[1];
    if (name === undefined) {
      if (!/^\d+$/.test(text)) throw new ScenarioError(`no port "${text}"`);
      return Number(text);
    }
    this.#learnPorts();
    return keyOf(this.#ports, name) ?? missing('port', name);
  }

  #showPort(port: number): string {
    if (port === 0) return '0';
    if (!this.#ports.has(port)) this.#learnPorts();
    return `{${this.#ports.get(port) ?? '?'}}`;
  }

  #learnPorts(): void {
    for (const [name, socket] of this.#sockets) this.learnPort(name, socket);
  }

  // Args.

  args(name: string): ObservedArgs {
    return this.#args.get(name) ?? missing('args', name);
  }

  addArgs(args: ObservedArgs): void {
    if (this.#args.has(args.label)) throw new ScenarioError(`a second args "${args.label}"`);
    this.#args.set(args.label, args);
  }

  get allArgs(): readonly ObservedArgs[] {
    return [...this.#args.values()];
  }

  // Bytes.

  /** Of a name the very same array, else new ones. */
  bytes(text: string): Uint8Array {
    return parseBytes(text) ?? this.#bytes.get(text) ?? missing('bytes', text);
  }

  addBytes(name: string, bytes: Uint8Array): Uint8Array {
    this.#bytes.set(name, bytes);
    return bytes;
  }

  /** As a memory: one over an empty array is not the empty memory itself, so it is an empty window on something. */
  memory(text: string): Uint8Array {
    const bytes = this.bytes(text);
    return bytes.byteLength > 0 ? bytes : new Uint8Array(new ArrayBuffer(1), 0, 0);
  }

  nameOfBytes(bytes: Uint8Array | null): string | null {
    return bytes === null ? null : (keyOf(this.#bytes, bytes) ?? 'unnamed');
  }

  showMemory(memory: Uint8Array): JsonObject {
    const { buffer, byteOffset, byteLength } = memory;
    if (buffer.byteLength === 0) return { length: byteLength };
    const [name, whole] = [...this.#bytes].find(([, bytes]) => bytes.buffer === buffer) ?? [
      'unnamed',
      memory,
    ];
    if (whole.byteLength === 0) return { length: 0 };
    return { of: name, offset: byteOffset - whole.byteOffset, length: byteLength };
  }

  // Buffer lists.

  segment(node: Json | undefined): Segment {
    if (node === null || node === undefined) return null;
    if (typeof node === 'string') return this.bytes(node);
    const step = asStep(node, 'a segment');
    const bytes = this.bytes(step.text('bytes'));
    const offset = step.number('offset', 0);
    const count = step.number('count', bytes.byteLength);
    step.nothingElse();
    if (offset + count > bytes.byteLength) throw new ScenarioError('a segment that lies about its range');
    return bytes.subarray(offset, offset + count);
  }

  addList(name: string, segments: readonly Json[]): Segment[] {
    const list = segments.map((one) => this.segment(one));
    this.#lists.set(name, list);
    return list;
  }

  list(name: string): Segment[] {
    return this.#lists.get(name) ?? missing('list', name);
  }

  nameOfList(list: readonly Segment[] | null): string | null {
    return list === null ? null : (keyOf(this.#lists, list as Segment[]) ?? 'unnamed');
  }

  // Packets and files.

  element(node: Json | undefined): SendPacketsElement | null {
    if (node === null || node === undefined) return null;
    const step = asStep(node, 'an element');
    const source = this.#elementSource(step);
    const offset = step.number('offset', 0);
    const count = step.has('count') ? step.number('count') : undefined;
    const endOfPacket = step.flag('endOfPacket');
    step.nothingElse();
    return new SendPacketsElement(source as Uint8Array, offset, count, endOfPacket);
  }

  #elementSource(step: Step): Uint8Array | string | FileSource | null {
    for (const kind of ['bytes', 'memory'] as const) {
      if (step.has(kind)) return this.#orNull(step.textOrNull(kind), (text) => this.bytes(text));
    }
    if (step.has('file')) return this.#orNull(step.textOrNull('file'), (name) => this.filePath(name));
    const position = step.number('position', 0);
    step.flag('async', true);
    return this.#orNull(step.textOrNull('stream'), (name) => this.#openStream(name, position));
  }

  #orNull<T>(text: string | null, make: (text: string) => T): T | null {
    return text === null ? null : make(text);
  }

  addElements(name: string, elements: readonly Json[]): void {
    this.#elements.set(
      name,
      elements.map((one) => this.element(one)),
    );
  }

  elements(name: string): Elements {
    return this.#elements.get(name) ?? missing('elements', name);
  }

  nameOfElements(elements: readonly (SendPacketsElement | null)[] | null): string | null {
    return elements === null ? null : (keyOf(this.#elements, elements as Elements) ?? 'unnamed');
  }

  stream(name: string): NamedStream {
    return this.#streams.get(name) ?? missing('stream', name);
  }

  nameOfStream(stream: FileSource | null): string | null {
    return stream === null ? null : (keyOf(this.#streams, stream as NamedStream) ?? 'unnamed');
  }

  #openStream(name: string, position: number): NamedStream {
    const content = readFileSync(this.filePath(name));
    const stream: NamedStream = {
      position,
      length: content.byteLength,
      read(into, at, done) {
        done(null, content.copy(into, 0, at, at + into.byteLength));
      },
    };
    this.#streams.set(name, stream);
    return stream;
  }

  /** In a folder of this replay. */
  filePath(name: string): string {
    if (name === '') return '';
    this.#folder ??= mkdtempSync(join(tmpdir(), 'parity-'));
    return join(this.#folder, name);
  }

  addFile(name: string, bytes: Uint8Array): void {
    writeFileSync(this.filePath(name), bytes);
  }

  showPath(path: string | null): string | null {
    return path === null ? null : basename(path);
  }

  #inFolder(path: string): string {
    return this.#folder !== null && path.startsWith(`${this.#folder}/`)
      ? path.substring(this.#folder.length + 1)
      : path;
  }

  /** Everything is closed, whatever state it is in. */
  async dispose(): Promise<void> {
    for (const peer of this.#peers.values()) await peer.close(true);
    for (const listener of this.#listeners.values()) listener.end();
    for (const socket of this.#sockets.values()) socket.close({ abort: true });
    for (const args of this.#args.values()) {
      args.acceptSocket?.close({ abort: true });
      args.connectSocket?.close({ abort: true });
      args.dispose();
    }
    if (this.#folder !== null) rmSync(this.#folder, { recursive: true, force: true });
  }
}

const DNS_FAMILIES: Readonly<Record<string, AddressFamily>> = {
  dns: AddressFamily.Unspecified,
  dns4: AddressFamily.InterNetwork,
  dns6: AddressFamily.InterNetworkV6,
};

function missing(kind: string, name: string): never {
  throw new ScenarioError(`no ${kind} "${name}"`);
}

function keyOf<K, V>(map: ReadonlyMap<K, V>, value: V): K | undefined {
  for (const [key, one] of map) if (one === value) return key;
  return undefined;
}

function asStep(node: Json, what: string): Step {
  if (!isObject(node)) throw new ScenarioError(`${what} is an object`);
  return new Step({ do: what, ...node });
}

function localOf(socket: Socket): EndPoint | null {
  try {
    return socket.localEndPoint;
  } catch {
    return null; // closed
  }
}
