import type { JitMode } from "../cpu/jit/jit.ts";
import type { MakeTranslator } from "../cpu/jit/translator.ts";
import type { ImmediateDisk } from "../devices/disk.ts";
import type { Library } from "../kernel/library.ts";
import type { KernelLimits } from "../kernel/limits.ts";
import type { FileTree } from "../kernel/rkvfs/library.ts";
import type { HostTime } from "./clock.ts";
import type { HostedEmitter } from "./events.ts";
import type { HostConsole } from "./host-console.ts";
import type { HostedShare } from "./hosted-shares.ts";
import type { LibraryChoice } from "./libraries.ts";
import type { WxPrograms } from "./wx-programs.ts";

/** What a hosted machine is made of and what it runs. */
export interface HostedOptions {
  /**
   * The ELF file, and the absolute path by which the guest knows it (AT_EXECFN, `/proc/self/exe`). It is put there
   * where the guest's tree does not have it.
   */
  readonly program: { readonly bytes: Uint8Array; readonly path: string };
  /** The argument vector, `argv[0]` included. */
  readonly args: readonly string[];
  /** `NAME=value` strings. */
  readonly env: readonly string[];
  /** An absolute path of the guest's tree; default `/`. */
  readonly cwd?: string;
  /** Bytes of guest memory: whole pages. */
  readonly memory: number;
  /** The 64 bits that choose the layout. */
  readonly seed: bigint;
  /** Default true. */
  readonly aslr?: boolean;
  /** Lets pages be writable and executable at once: every program's, or those programs' at these paths of the guest. */
  readonly allowWx?: WxPrograms;
  /** Bytes, whole pages; default 8 MiB. */
  readonly stackSize?: number;
  /** What the guest may have of this and that, where not the usual. */
  readonly limits?: Partial<KernelLimits>;
  /** The root and what is mounted in it; default a root in memory that is all but empty. */
  readonly files?: Omit<FileTree, "program">;
  /** The package's libraries to link, and their options; default the standard ones. What is not linked is not there. */
  readonly linked?: readonly LibraryChoice[];
  /** Libraries of one's own, in place of those linked that provide the same or have the same name. */
  readonly libraries?: readonly Library[];
  /** Disks: a mount of `files` says which one it mounts. The machine closes them. */
  readonly disks?: readonly ImmediateDisk[];
  /** Directories of the host: `files` says where each is mounted, by its tag. */
  readonly shares?: readonly HostedShare[];
  readonly console: HostConsole;
  /**
   * Time follows retired instructions from a fixed date, and random numbers follow from the seed. Absent: the time
   * of the host.
   */
  readonly deterministic?: boolean;
  /** Whether code is translated to WebAssembly (`JitMode`). It changes nothing but the speed. */
  readonly jit?: JitMode;
  readonly host: HostServices;
  /** Gets a line for each system call and signal. */
  readonly strace?: (line: string) => void;
}

/** What a machine needs of the platform that it runs on. */
export interface HostServices extends HostTime {
  /** Random bytes. */
  entropy(into: Uint8Array): void;
  /** A new event emitter, as Node's. */
  emitter(): HostedEmitter;
  /** Resolves after the host's pending events were handled (`setImmediate`). */
  nextTurn(): Promise<void>;
  /** Who translates hot code beside the guest. Absent: that is done between two of its instructions. */
  readonly translator?: MakeTranslator;
}
