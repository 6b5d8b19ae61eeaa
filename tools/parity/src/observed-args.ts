/** An args that writes down every completion: the fields as the first handler finds them, then what its handlers do. */

import {
  type EndPoint,
  type IPPacketInformation,
  type Socket,
  SocketAsyncEventArgs,
  SocketAsyncOperation,
  type SocketError,
  type SocketFlags,
} from '@proactor/core';
import type { Json } from './json.ts';
import { ScenarioError } from './scenario-error.ts';

/** The result fields, copied at one moment. */
export interface Result {
  readonly operation: SocketAsyncOperation;
  readonly error: SocketError;
  readonly bytes: number;
  readonly flags: SocketFlags;
  readonly data: Uint8Array | null;
  readonly list: readonly Uint8Array[] | null;
  readonly acceptSocket: Socket | null;
  readonly connectSocket: Socket | null;
  readonly remoteEndPoint: EndPoint | null;
  readonly connectByNameError: Error | null;
  readonly packetInfo: IPPacketInformation;
}

/** One completion. */
export interface Completion {
  readonly result: Result;
  /** An operation that was done inside its call, taken as a completion. */
  readonly inline: boolean;
  /** What the first handler was given; undefined when there was no handler. */
  sender: Socket | null | undefined;
  context: Json;
  /** The named handlers in the order in which they ran, and what the steps of each saw. */
  readonly ran: { readonly handler: string; readonly saw: Json[] }[];
  /** An error that left the handlers. */
  thrown: unknown;
  /** Steps of handlers that take their time. */
  unfinished: number;
}

export class ObservedArgs extends SocketAsyncEventArgs<string> {
  readonly label: string;
  /** The last started operation is compared by outcome: an inline completion counts like an event. */
  byOutcome = false;
  /** How an AcceptSocket or ConnectSocket without a name is called that the last started operation brings. */
  brings: string | null = null;
  readonly #completions: Completion[] = [];
  readonly #contextNow: () => Json;
  #taken = 0;
  #running: Completion | null = null;

  constructor(
    label: string,
    options: { readonly flows: boolean; readonly observed: boolean; readonly contextNow: () => Json },
  ) {
    super({ flowExecutionContext: options.flows });
    this.label = label;
    this.#contextNow = options.contextNow;
    if (!options.observed) return;
    this.on('completed', (sender) => {
      this.running.sender = sender;
    });
  }

  /** The completion whose handlers run now. */
  get running(): Completion {
    if (this.#running === null) throw new ScenarioError('no handler is running');
    return this.#running;
  }

  protected override onCompleted(e: SocketAsyncEventArgs<string>): void {
    const completion = this.#add(false);
    const outer = this.#running;
    this.#running = completion;
    try {
      super.onCompleted(e);
    } catch (error) {
      completion.thrown = error; // would end the process: an outcome to compare
    }
    this.#running = outer;
  }

  addInline(): void {
    this.#add(true);
  }

  /** The next completion that is over and that nobody took; null = there is none. */
  take(): Completion | null {
    if (!this.ready) return null;
    return this.#completions[this.#taken++] ?? null;
  }

  /** The last completion, as if it had not been an event. */
  withdrawLast(): Completion | undefined {
    return this.#completions.pop();
  }

  get ready(): boolean {
    const next = this.#completions[this.#taken];
    return next !== undefined && next.unfinished === 0;
  }

  get total(): number {
    return this.#completions.length;
  }

  get untaken(): number {
    return this.#completions.length - this.#taken;
  }

  snapshot(): Result {
    const receives = RECEIVES.has(this.lastOperation);
    const whole = this.buffer ?? (this.memoryBuffer.byteLength > 0 ? this.memoryBuffer : null);
    return {
      operation: this.lastOperation,
      error: this.socketError,
      bytes: this.bytesTransferred,
      flags: this.socketFlags,
      data: receives && whole !== null ? new Uint8Array(whole) : null,
      list:
        receives && this.bufferList !== null
          ? this.bufferList.map((segment) => new Uint8Array(segment))
          : null,
      acceptSocket: this.acceptSocket,
      connectSocket: this.connectSocket,
      remoteEndPoint: this.remoteEndPoint,
      connectByNameError: this.connectByNameError,
      packetInfo: this.receiveMessageFromPacketInfo,
    };
  }

  #add(inline: boolean): Completion {
    const completion: Completion = {
      result: this.snapshot(),
      inline,
      sender: undefined,
      context: this.#contextNow(),
      ran: [],
      thrown: undefined,
      unfinished: 0,
    };
    this.#completions.push(completion);
    return completion;
  }
}

const RECEIVES: ReadonlySet<SocketAsyncOperation> = new Set([
  SocketAsyncOperation.Receive,
  SocketAsyncOperation.ReceiveFrom,
  SocketAsyncOperation.ReceiveMessageFrom,
]);
