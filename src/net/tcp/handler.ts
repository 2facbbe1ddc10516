/** `requested`: a SYN came, and nobody has said what to do about it. The others are those of RFC 9293, section 3.3.2. */
export type TcpState =
  | "requested"
  | "syn-sent"
  | "syn-received"
  | "established"
  | "fin-wait-1"
  | "fin-wait-2"
  | "close-wait"
  | "closing"
  | "last-ack"
  | "time-wait"
  | "closed";

export type CloseReason = "done" | "reset" | "refused" | "unreachable" | "timeout";

/** What a connection tells its user. It may be used from within these calls. */
export interface ConnectionHandler {
  /** It is established. */
  opened(): void;
  /** There is something new to read, or the end was reached. */
  readable(): void;
  /** After `write` did not take everything: it takes more now. */
  writable(): void;
  /** It is gone, and nothing follows. `done`: both sides have ended, and everything was read. */
  closed(reason: CloseReason): void;
}
