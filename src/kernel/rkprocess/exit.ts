/** How a process ended. */
export type ExitStatus =
  | { readonly kind: "exit"; readonly code: number }
  | { readonly kind: "signal"; readonly signal: number; readonly crash: Crash | undefined };

/** What a crash report says of a fault that ended a process. */
export interface Crash {
  readonly signal: number;
  /** `si_code` */
  readonly code: number;
  /** `si_addr`: what was accessed; of SIGILL and SIGTRAP the instruction. */
  readonly address: number | undefined;
  readonly access: "read" | "write" | "execute" | undefined;
  /** The area that holds `address`. */
  readonly area: AreaDescription | undefined;
  readonly pc: bigint;
  /** x0 to x31, as signed 64-bit numbers. */
  readonly registers: readonly bigint[];
}

/** One area of an address space, for people. */
export interface AreaDescription {
  readonly start: number;
  readonly end: number;
  /** `Prot` bits. */
  readonly prot: number;
  readonly name: string;
  readonly guard: boolean;
  readonly shared: boolean;
  /** Byte of the file at `start`. */
  readonly offset: number;
}
