import { Arena } from "../memory/arena.ts";
import { Bus } from "../memory/bus.ts";
import { PhysicalMemory } from "../memory/physical-memory.ts";
import { Hart } from "./hart.ts";

/** For tests: a hart out of reset with 1 MiB of RAM at 0x80000000 and no devices. */
export function bareHart(): Hart {
  const arena = new Arena(4 << 20);
  return new Hart(0, arena, new Bus(new PhysicalMemory(arena, 0x8000_0000, 1 << 20)));
}
