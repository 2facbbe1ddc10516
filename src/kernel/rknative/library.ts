import { FRAME_SIZE } from "../../memory/arena.ts";
import { librarySummary } from "../../messages/libraries.ts";
import { type Api, api, type Library } from "../library.ts";
import { platform } from "../rkplat/platform.ts";
import type { Process } from "../rkprocess/process.ts";
import { processState } from "../rkprocess/state.ts";
import { time } from "../rktime/time.ts";
import { native } from "../syscalls/native.ts";
import { Budget } from "./budget.ts";
import { HandleTable } from "./handles.ts";

/** What native calls may take of the host, of all processes together. */
export interface NativeResources {
  /** Bytes that allocators keep books of: no more than the machine has. */
  readonly heap: Budget;
  readonly handles: Budget;
  /** Messages that mailboxes have room for. */
  readonly messages: Budget;
}

export const nativeResources: Api<NativeResources> = api("rknative");

const MOST_HANDLES = 2 ** 16;
const MOST_MESSAGES = 2 ** 20;
/** Of `rk_version`: changes when a program made for the one before it would not run. */
const VERSION = 1;

/** A process's handles: of native objects of every kind. */
export const nativeHandles = processState<HandleTable>({
  create: ({ kernel }: Process) => new HandleTable(kernel.use(nativeResources).handles),
  fork: (parent) => parent.copy(),
  exec(table) {
    table.closeAll();
    return table;
  },
  exit: (table) => table.closeAll(),
});

/** The native calls' common ground: handles and their limits, and time. */
export const rknative: Library = {
  name: "rknative",
  summary: librarySummary.rknative,
  provides: [nativeResources],
  needs: [platform, time],
  processState: [nativeHandles],
  syscalls: [
    native("rk_version", () => VERSION),
    native("rk_close", ({ process }, handle) => process.get(nativeHandles).close(handle)),
    native("rk_time_monotonic", ({ kernel }) => kernel.use(time).monotonic()),
    native("rk_time_real", ({ kernel, memory }, at) => {
      memory.writeU64(at, kernel.use(time).realtime());
      return 0;
    }),
  ],
  start(kernel) {
    const { ram } = kernel.use(platform);
    kernel.provide(nativeResources, {
      heap: new Budget(Math.floor(ram.size / FRAME_SIZE) * FRAME_SIZE),
      handles: new Budget(MOST_HANDLES),
      messages: new Budget(MOST_MESSAGES),
    });
  },
};
