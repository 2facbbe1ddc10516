import type { Hart } from "../../cpu/hart.ts";
import type { Bus } from "../../memory/bus.ts";
import type { PhysicalMemory } from "../../memory/physical-memory.ts";
import { librarySummary } from "../../messages/libraries.ts";
import { type Api, api, type Library } from "../library.ts";

/** What the machine gives the kernel to stand on. */
export interface Platform {
  readonly hart: Hart;
  readonly bus: Bus;
  readonly ram: PhysicalMemory;
  /** A number for a new address space that no other one has, or is remembered by. */
  newAsid(): number;
  /** Lets the hart translate through the page table whose root is in physical page `rootPage`. */
  useAddressSpace(rootPage: number, asid: number): void;
  /** Page-table entries of an address space changed: forget translations of `pages` pages from `address`. */
  fence(asid: number, address: number, pages: number): void;
  /** The kernel wrote to physical page `page` (address / 4096): forget what was decoded from it. */
  codeWritten(page: number): void;
  /** Physical address of the CLINT, and nanoseconds in one tick of its `mtime`. */
  readonly clint: { readonly base: number; readonly nanosecondsPerTick: number };
  /** When boot was: nanoseconds since 1970. */
  readonly epoch: bigint;
  /** The serial ports behind standard input and output, and behind standard error. */
  readonly consoles: readonly [SerialPort, SerialPort];
  /** Physical addresses of virtio-mmio slots with devices. */
  readonly virtio: readonly number[];
  /** `count` grows with each turn of the host's event loop: only then does the guest hear of anything from outside. */
  readonly hostTurns: { readonly count: number };
  /** Random bytes from the host, or from the seed of a deterministic machine. */
  entropy(into: Uint8Array): void;
}

/** A UART on the bus and what is known of its other end, which no UART tells. */
export interface SerialPort {
  /** Physical address of a 16550. */
  readonly base: number;
  /** A person sits at it. */
  readonly inputTerminal: boolean;
  readonly outputTerminal: boolean;
  /** Nothing will be received beyond what stands in the UART. */
  readonly ended: () => boolean;
  readonly size: () => { readonly rows: number; readonly columns: number };
  /** Set by the driver: called when something was received, or the other end has ended. */
  onReceive: () => void;
  /** Set by the driver: called when the terminal's size has changed. */
  onResize: () => void;
}

export const platform: Api<Platform> = api("rkplat");

/** The library that stands for a given machine; without one it can be listed but not started. */
export function rkplat(given: Platform | undefined): Library {
  return {
    name: "rkplat",
    summary: librarySummary.rkplat,
    provides: [platform],
    needs: [],
    start: (kernel) => {
      if (given) kernel.provide(platform, given);
    },
  };
}
