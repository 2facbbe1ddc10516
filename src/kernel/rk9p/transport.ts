import { type Api, api } from "../library.ts";

/**
 * A way to a 9P server that answers at once. Nothing that comes from there is believed: what the server writes is copied
 * once, and checked by whoever asked.
 */
export interface P9Transport {
  /** What the server calls itself: the mount tag, as text. */
  readonly tag: string;
  /** Bytes of data that one read, write or list can move. */
  readonly mostData: number;
  /**
   * Sends a request, with `data` behind it, and waits for the answer: its length as far as it could be received. `isLong`:
   * the answer may be longer than `SHORT_ANSWER`. Throws `VfsError` EIO where there is none.
   */
  exchange(request: Uint8Array, isLong: boolean, data?: Uint8Array): number;
  /** Copies from the last answer, from `offset` on: the range is within the length that `exchange` gave. */
  copy(offset: number, into: Uint8Array): void;
}

/** Bytes of an answer that is not expected to be long. */
export const SHORT_ANSWER = 512;

/** The machine's 9P servers, in the order of their slots. */
export const p9Transports: Api<readonly P9Transport[]> = api("rk9p");
