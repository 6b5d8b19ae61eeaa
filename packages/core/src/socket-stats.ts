/**
 * Plain numbers about one socket; one object per socket, always the same, never reset. What every message changes stands first, and is
 * whole numbers: fractions would lie elsewhere in memory.
 */
export interface SocketStats {
  bytesReceived: number;
  bytesSent: number;
  /** Receives and sends that have completed. */
  receives: number;
  sends: number;
  /** Operations that completed inside their own call. */
  inline: number;
  /** Operations whose handler ran, or will run, later. */
  deferred: number;
  /** Operations that were cancelled, timed out, or aborted by a close. */
  cancelled: number;
  /** Bytes of accepted sends that are not known to be out, lent ones included. */
  queuedSendBytes: number;
  /** When bytes last moved, in whole milliseconds of the runtime's clock; at first `openedAt`. */
  lastActivityAt: number;
  /** Bytes that arrived and were not asked for yet. */
  inboxBytes: number;
  /**
   * Connections (listeners) or datagrams that were dropped because a queue was full; connections also when the transport could not take them,
   * for want of descriptors or because they broke before.
   */
  dropped: number;
  /** Upcalls of the transport that came after its closed(): ignored, and a fault of the transport. */
  lateUpcalls: number;
  /** Whole milliseconds of the runtime's clock. */
  openedAt: number;
  /** Listeners: connections handed out, connections waiting, connections refused because the listener was closing (those that waited included). */
  accepted: number;
  queued: number;
  rejected: number;
  datagramsReceived: number;
  datagramsSent: number;
  truncated: number;
}

/** @param now whole milliseconds of the runtime's clock */
export function newSocketStats(now: number): SocketStats {
  return {
    bytesReceived: 0,
    bytesSent: 0,
    receives: 0,
    sends: 0,
    inline: 0,
    deferred: 0,
    cancelled: 0,
    queuedSendBytes: 0,
    lastActivityAt: now,
    inboxBytes: 0,
    dropped: 0,
    lateUpcalls: 0,
    openedAt: now,
    accepted: 0,
    queued: 0,
    rejected: 0,
    datagramsReceived: 0,
    datagramsSent: 0,
    truncated: 0,
  };
}
