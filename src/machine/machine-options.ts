import type { JitMode } from "../cpu/jit/jit.ts";
import type { MakeTranslator } from "../cpu/jit/translator.ts";
import type { Disk } from "../devices/disk.ts";
import type { SharedTree } from "../devices/virtio/p9/tree.ts";
import type { VsockHost } from "../devices/virtio/vsock-host.ts";
import type { EthernetPort } from "../net/cable.ts";
import type { BootFiles } from "./boot-images.ts";
import type { HostTime } from "./clock.ts";

/** Devices that a machine has only where asked for; the last two also by default. */
export const EXTRA_DEVICES = [
  "virtio-gpu",
  "virtio-keyboard",
  "virtio-tablet",
  "virtio-vsock",
  "virtio-balloon",
  "virtio-console",
  "virtio-rng",
] as const;
export type ExtraDevice = (typeof EXTRA_DEVICES)[number];

/** Bytes of RAM. */
export const LEAST_MEMORY = 64 << 10;
export const MOST_MEMORY = 3 * 2 ** 30;

/** What a machine needs of the platform that it runs on. */
export interface MachineHost extends HostTime {
  /** Random bytes. */
  entropy(into: Uint8Array): void;
  /** Resolves after the host's pending events were handled (`setImmediate`). */
  nextTurn(): Promise<void>;
  /** Who translates hot code beside the guest. Absent: that is done between two of its instructions. */
  readonly translator?: MakeTranslator;
}

/** What a machine is: it is saved with it. */
export interface MachineConfig {
  /** Bytes of RAM: whole pages, 64 KiB to 3 GiB. */
  readonly memory: number;
  /** 1 to 8; default 1. */
  readonly harts?: number;
  readonly boot: BootFiles;
  readonly devices?: readonly ExtraDevice[];
  /** No console and no rng unless `devices` asks for them: some kernels stumble over devices that they do not know. */
  readonly noDefaults?: boolean;
  /** Of the virtio transport. 1: legacy. Default 2. */
  readonly virtioVersion?: 1 | 2;
  /** Offer packed virtqueues to drivers. */
  readonly packedRings?: boolean;
  /**
   * Time follows retired instructions from a fixed date, random numbers follow from `seed`, and the host's answers come
   * at moments that do not depend on the host: a run is a function of what it is given.
   */
  readonly deterministic?: boolean;
  /** Default 0. */
  readonly seed?: bigint;
}

/** What a machine is connected to. */
export interface MachineSurroundings {
  readonly host: MachineHost;
  /** Whether code is translated to WebAssembly (`JitMode`). It changes nothing but the speed. */
  readonly jit?: JitMode;
  /** Gets what the guest prints on its serial port and its virtio console. */
  readonly print?: (bytes: Uint8Array) => void;
  /** Disks in their order: `/dev/vda`, `/dev/vdb`, … The machine closes them. */
  readonly drives?: readonly Disk[];
  /** The network card's end of a cable. Absent: no card. */
  readonly network?: EthernetPort;
  /** Host directories that the guest mounts by tag (9p). */
  readonly shares?: readonly { readonly tag: string; readonly tree: SharedTree }[];
  /** Whom the guest's sockets of `virtio-vsock` reach. */
  readonly vsock?: VsockHost;
}

export type MachineOptions = MachineConfig & MachineSurroundings;

/** When `Machine.run` returns at the latest; it also returns when the machine is off or waits for ever. */
export interface RunUntil {
  /** That many instructions more, of all harts together, traps counted. */
  readonly instructions?: number;
  /** That much more of the machine's time has passed. */
  readonly milliseconds?: number;
  /** The guest has printed this since `run` was called. */
  readonly text?: string | RegExp;
}

/** Why `Machine.run` returned. */
export type RunEnd =
  | { readonly reason: "instructions" | "milliseconds" | "text" }
  /** `Machine.stop` was called. */
  | { readonly reason: "stopped" }
  /** Every hart waits and nothing will come. */
  | { readonly reason: "idle" }
  /** The guest switched the machine off. Code 0: all is well. */
  | { readonly reason: "off"; readonly exitCode: number };
