/**
 * The host's end of streams between guest and host (AF_VSOCK). Nothing throws: failures arrive through callbacks,
 * and none is called before the method that starts a stream has returned.
 */
export interface VsockHost {
  /**
   * The guest wants a stream to `stream.hostPort`: accept or destroy it, now or later. Undefined refuses.
   */
  connect(stream: VsockStream): VsockEvents | undefined;
}

export interface VsockEvents {
  /** The guest has accepted a stream that the host began. */
  connected(): void;
  /** The bytes are the receiver's. */
  received(bytes: Uint8Array): void;
  /** The guest sends no more. */
  ended(): void;
  /** All that was written has left: there is room for more. */
  drained(): void;
  /** The stream is gone; nothing follows. `refused`: it never came to be. `reset`: or the guest was reset. */
  closed(reason: "done" | "reset" | "refused"): void;
}

export interface VsockStream {
  readonly guestPort: number;
  readonly hostPort: number;
  /** Accepts a stream that the guest began. */
  accept(): void;
  /** False: enough is waiting to leave; go on after `drained`. The bytes are taken in any case. */
  write(bytes: Uint8Array): boolean;
  /** Sends no more once all that was written has left, still receives. */
  end(): void;
  /** Ends both directions at once; no callback follows. */
  destroy(): void;
  /** Whether `received` may be called: flow control towards the guest. */
  setReading(isReading: boolean): void;
}
