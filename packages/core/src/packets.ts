/**
 * The elements of one SendPackets operation on their way: bytes as they are, files read piece by piece, all files opened before anything
 * is sent. Knows which elements are finished; not who writes the slices.
 */

import { ArgumentError, NotSupportedError } from './errors.ts';
import { SocketError } from './enums/socket-error.ts';
import { quote } from './quote.ts';
import { SendPacketsElement } from './send-packets-element.ts';
import { SLICE_BYTES_MAX } from './slices.ts';
import type { FileSource, Runtime } from './transport.ts';

type OpenedFile = FileSource & { close?(): void };

interface Part {
  readonly bytes: Uint8Array | null;
  readonly file: OpenedFile | null;
  readonly offset: number;
  /** Bytes to be sent; -1 = the range lies beyond the end of the file. */
  readonly count: number;
}

export class Packets {
  readonly #parts: readonly Part[];
  readonly #opened: readonly OpenedFile[];
  /** A part goes out in one piece: as a datagram. */
  readonly #whole: boolean;
  #part = 0;
  /** Bytes of the part that were given out as slices. */
  #given = 0;
  /** Bytes of parts that are finished. */
  finishedBytes = 0;
  /** Bytes of the part that is next and known to be out. */
  #done = 0;
  #page: Uint8Array = new Uint8Array(0);
  /** Bytes of the page that have been read and not given out. */
  #pageBytes = 0;
  #reading = false;
  /** Why a part could not be sent. */
  failure: { readonly socketError: SocketError; readonly cause: unknown } | null = null;
  #closed = false;
  /** Called when a page has been read. */
  #ready: () => void = nothing;

  /**
   * Looks at every element and opens every path.
   *
   * @throws ArgumentError `path`, FileNotFoundError, DirectoryNotFoundError… of the runtime; NotSupportedError where it has no files. Nothing
   * stays open then.
   */
  constructor(elements: readonly (SendPacketsElement | null)[], runtime: Runtime, whole: boolean) {
    this.#whole = whole;
    const opened: OpenedFile[] = [];
    try {
      this.#parts = elements
        .filter((element) => element !== null && element !== undefined)
        .map((element) => partOf(element, runtime, opened));
    } catch (error) {
      for (const file of opened) file.close?.();
      throw error;
    }
    this.#opened = opened;
  }

  /** Bytes of all parts, as far as they can be sent. */
  get total(): number {
    return this.#parts.reduce((bytes, part) => bytes + Math.max(0, part.count), 0);
  }

  /** Whether everything was given out, or something failed. */
  get exhausted(): boolean {
    return this.failure !== null || this.#part >= this.#parts.length;
  }

  /**
   * The next slice; null when there is none now: `exhausted`, or a page of a file is being read and `ready` will be called. Never empty.
   *
   * @param ready the same function every time
   */
  next(ready: () => void): Uint8Array | null {
    this.#ready = ready;
    for (;;) {
      const part = this.#parts[this.#part];
      if (part === undefined || this.failure !== null) return null;
      if (part.count < 0) {
        this.failure = { socketError: SocketError.InvalidArgument, cause: null };
        return null;
      }
      if (this.#given < part.count)
        return part.bytes === null ? this.#pageOf(part) : this.#sliceOf(part.bytes, part);
      if (this.#done < part.count) return null; // all given, the last slice is still lent
      this.#finishPart(part);
    }
  }

  /** Whether the slice given out last is all of its part: what is too large for a page or slice is not. */
  get gaveWholePart(): boolean {
    return this.#given === this.#parts[this.#part]?.count;
  }

  /** So many bytes of what was given out are known to be out. */
  finished(bytes: number): void {
    this.#done += bytes;
    const part = this.#parts[this.#part];
    if (part !== undefined && this.#done === part.count) this.#finishPart(part);
  }

  /** Lets the files go; what is still read into memory is of no interest any more. */
  close(): void {
    this.#closed = true;
    for (const file of this.#opened) file.close?.();
  }

  #finishPart(part: Part): void {
    this.finishedBytes += part.count;
    this.#part++;
    this.#given = 0;
    this.#done = 0;
  }

  #sliceOf(bytes: Uint8Array, part: Part): Uint8Array {
    const from = part.offset + this.#given;
    const count = Math.min(part.count - this.#given, SLICE_BYTES_MAX);
    this.#given += count;
    return bytes.subarray(from, from + count);
  }

  #pageOf(part: Part): Uint8Array | null {
    const wanted = Math.min(part.count - this.#given, PAGE_BYTES);
    while (this.#pageBytes < (this.#whole ? wanted : 1)) {
      // While something of the page is lent it is not written to.
      if (this.#reading || this.#closed || this.failure !== null || this.#done !== this.#given) return null;
      this.#read(part, wanted);
    }
    const bytes = this.#pageBytes;
    this.#pageBytes = 0;
    this.#given += bytes;
    return this.#page.byteLength === bytes ? this.#page : this.#page.subarray(0, bytes);
  }

  /** Reads once, behind what the page has, up to so many bytes of it. */
  #read(part: Part, wanted: number): void {
    if (this.#page.byteLength < wanted) this.#page = grown(this.#page, this.#pageBytes, wanted);
    const into = this.#page.subarray(this.#pageBytes, wanted);
    this.#reading = true;
    let inside = true;
    let told = false;
    const done = (error: unknown, bytes: number): void => {
      if (told) return; // a source that calls twice is heard once
      told = true;
      this.#reading = false;
      if (this.#closed) return;
      if (error !== null && error !== undefined)
        this.failure = { socketError: SocketError.SocketError, cause: error };
      else if (!Number.isInteger(bytes) || bytes < 1 || bytes > into.byteLength) this.failure = SHORTER;
      else this.#pageBytes += bytes;
      if (!inside) this.#ready();
    };
    try {
      part.file?.read(into, part.offset + this.#given + this.#pageBytes, done);
    } catch (error) {
      done(error, 0);
    }
    inside = false;
  }
}

function grown(page: Uint8Array, bytes: number, wanted: number): Uint8Array {
  const larger = new Uint8Array(wanted);
  larger.set(page.subarray(0, bytes));
  return larger;
}

/** A file that became shorter while it was sent. */
const SHORTER = { socketError: SocketError.InvalidArgument, cause: null } as const;
/** One read of a file; it is given down whole. */
const PAGE_BYTES = 262_144;

function nothing(): void {}

function partOf(element: SendPacketsElement, runtime: Runtime, opened: OpenedFile[]): Part {
  if (!(element instanceof SendPacketsElement))
    throw new ArgumentError(
      `Cannot send ${quote(element)}: SendPacketsElements are needed`,
      'SendPacketsElements',
    );
  const { buffer, filePath, fileStream, offset, count } = element;
  if (buffer !== null) return { bytes: buffer, file: null, offset, count };
  let file: OpenedFile | null = fileStream;
  if (filePath !== null) {
    if (filePath === '') throw new ArgumentError('Cannot send file: its path is empty', 'path');
    if (runtime.openFile === undefined)
      throw new NotSupportedError('Cannot send file: this platform has none');
    file = runtime.openFile(filePath);
    opened.push(file);
  }
  const length = file?.length ?? 0;
  const wanted = count === 0 ? length - offset : count;
  const fits = Number.isSafeInteger(length) && offset <= length && offset + wanted <= length;
  return { bytes: null, file, offset, count: fits ? wanted : -1 };
}
