/** Values in their recorded form. Pure: what has a name in the scenario is rendered by the one who knows the names. */

import { createHash } from 'node:crypto';
import {
  ArgumentError,
  ArgumentNullError,
  ArgumentOutOfRangeError,
  DirectoryNotFoundError,
  FileNotFoundError,
  InvalidOperationError,
  type IPPacketInformation,
  NotSupportedError,
  ObjectDisposedError,
  PlatformNotSupportedError,
  SocketError,
  SocketException,
  SocketFlags,
  TransmitFileOptions,
} from '@proactor/core';
import type { Json, JsonObject } from './json.ts';
import { ScenarioError } from './scenario-error.ts';

/** Longer ones are told by their digest. */
const HEX_BYTES_MAX = 64;

export function showBytes(bytes: Uint8Array): Json {
  if (bytes.byteLength <= HEX_BYTES_MAX) return Buffer.from(bytes).toString('hex');
  return { length: bytes.byteLength, sha256: createHash('sha256').update(bytes).digest('hex') };
}

/** The bytes that a text stands for; null when it is the name of bytes. */
export function parseBytes(text: string): Uint8Array | null {
  const split = text.indexOf(':');
  if (split < 0) return null;
  const value = text.substring(split + 1);
  // Each over memory of its own: a small Buffer would share a pool with strangers.
  switch (text.substring(0, split)) {
    case 'zero':
      return new Uint8Array(Number(value));
    case 'hex':
      return new Uint8Array(Buffer.from(value, 'hex'));
    case 'text':
      return new Uint8Array(Buffer.from(value, 'utf8'));
    case 'count':
      return counted(Number(value));
    default:
      throw new ScenarioError(`no bytes "${text}"`);
  }
}

/** Byte i is i mod 251. By doubling what is there: some scenarios send 50 MB. */
function counted(length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let i = 0; i < Math.min(length, COUNTED_PERIOD); i += 1) bytes[i] = i;
  for (let done = COUNTED_PERIOD; done < length; done *= 2) bytes.copyWithin(done, 0, done);
  return bytes;
}

const COUNTED_PERIOD = 251;

/** An error as .NET would call it. */
export function showError(error: unknown): JsonObject | null {
  if (error === null || error === undefined) return null;
  if (error instanceof SocketException)
    return { type: 'SocketException', socketError: showEnum(SocketError, error.socketErrorCode) };
  const found = ERROR_TYPES.find(([type]) => error instanceof type);
  const type = found?.[1] ?? (error instanceof Error ? error.name : typeof error);
  const param =
    error instanceof ArgumentError || error instanceof ArgumentOutOfRangeError ? error.paramName : undefined;
  return param === undefined ? { type } : { type, param };
}

export function threw(error: unknown): JsonObject {
  return { threw: showError(error) };
}

/** Derived classes before what they derive from. */
const ERROR_TYPES: readonly (readonly [abstract new (...args: never[]) => unknown, string])[] = [
  [ArgumentNullError, 'ArgumentNullException'],
  [ArgumentOutOfRangeError, 'ArgumentOutOfRangeException'],
  [ArgumentError, 'ArgumentException'],
  [ObjectDisposedError, 'ObjectDisposedException'],
  [InvalidOperationError, 'InvalidOperationException'],
  [PlatformNotSupportedError, 'PlatformNotSupportedException'],
  [NotSupportedError, 'NotSupportedException'],
  [FileNotFoundError, 'FileNotFoundException'],
  [DirectoryNotFoundError, 'DirectoryNotFoundException'],
];

interface Names {
  readonly [name: string | number]: string | number;
}

export function showEnum(names: Names, value: number): string {
  return String(names[value] ?? value);
}

export function parseEnum(names: Names, text: string): number {
  const value = names[text];
  if (typeof value !== 'number') throw new ScenarioError(`no value "${text}"`);
  return value;
}

/** .NET: the names of the bits in the order of their values, or the number when one has no name. */
export function showFlags(value: number): string {
  return showBits(SocketFlags, value);
}

export function showTransmitFileOptions(value: number): string {
  return showBits(TransmitFileOptions, value);
}

function showBits(names: Names, value: number): string {
  if (value === 0) return showEnum(names, 0);
  const found: string[] = [];
  let left = value;
  for (let bit = 1; bit <= 0x8000; bit <<= 1) {
    const name = names[bit];
    if ((value & bit) === 0 || typeof name !== 'string') continue;
    found.push(name);
    left &= ~bit;
  }
  return left === 0 ? found.join(', ') : String(value);
}

export function parseBits(names: Names, text: string): number {
  return text.split(',').reduce((bits, name) => bits | parseEnum(names, name.trim()), 0);
}

export function showPacketInfo(info: IPPacketInformation): JsonObject {
  return { address: info.address, interface: info.interface };
}
