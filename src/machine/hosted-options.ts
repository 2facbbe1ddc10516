import type { Kernel } from "../kernel/kernel.ts";
import type { Library } from "../kernel/library.ts";
import type { Process } from "../kernel/rkprocess/process.ts";
import type { HostConsole } from "./host-console.ts";

/** What a hosted machine is made of and what it runs. */
export interface HostedOptions {
  /** The ELF file, and the path by which the guest knows it (AT_EXECFN, `/proc/self/exe`). */
  readonly program: { readonly bytes: Uint8Array; readonly path: string };
  /** The argument vector, `argv[0]` included. */
  readonly args: readonly string[];
  /** `NAME=value` strings. */
  readonly env: readonly string[];
  /** Bytes of guest memory: whole pages. */
  readonly memory: number;
  /** The 64 bits that choose the layout. */
  readonly seed: bigint;
  /** Default true. */
  readonly aslr?: boolean;
  /** Lets pages be writable and executable at once. */
  readonly allowWx?: boolean;
  /** Bytes, whole pages; default 8 MiB. */
  readonly stackSize?: number;
  /** All micro-libraries but the platform. */
  readonly libraries: readonly Library[];
  readonly console: HostConsole;
  /** Time follows retired instructions from a fixed date; `entropy` should then come from the seed. */
  readonly deterministic?: boolean;
  /** A monotonic clock of the host, in milliseconds with fractions. */
  readonly milliseconds: () => number;
  /** Nanoseconds since 1970. */
  readonly now: () => bigint;
  /** Resolves after the host's pending events were handled (`setImmediate`). */
  readonly nextTurn: () => Promise<void>;
  readonly entropy: (into: Uint8Array) => void;
  /** Opens the first descriptors, sets the working directory. */
  readonly prepare?: (process: Process) => void;
  /** A file of the guest's tree: the dynamic linker. */
  readonly readFile?: (kernel: Kernel, path: string) => Uint8Array | undefined;
  /** Gets a line for each system call and signal. */
  readonly strace?: (line: string) => void;
  /** Gets the name of each unsupported system call once. */
  readonly onUnsupported?: (name: string) => void;
}
