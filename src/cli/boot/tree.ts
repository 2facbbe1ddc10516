import { makeDeviceTree } from "../../machine/device-tree.ts";
import type { Machine } from "../../machine/machine.ts";
import type { MachineHost } from "../../machine/machine-options.ts";
import { type BootOptions, DEFAULT_MEMORY } from "./options.ts";

const A1 = 11;
/** Offset of `totalsize`, big-endian, in a flattened device tree's header. */
const TOTAL_SIZE = 4;

/** The device tree that a machine out of reset has in its RAM. */
export function deviceTreeOf({ board }: Machine): Uint8Array {
  const address = board.harts[0].xn(A1);
  const header = board.ram.read(address, TOTAL_SIZE + 4);
  const size = new DataView(header.buffer).getUint32(TOTAL_SIZE);
  return board.ram.read(address, size);
}

/** The device tree of a machine that has nothing to boot. */
export function emptyDeviceTree({ memory, smp }: BootOptions, host: MachineHost): Uint8Array {
  const rngSeed = new Uint8Array(32);
  host.entropy(rngSeed);
  return makeDeviceTree({ harts: smp ?? 1, ramBytes: memory ?? DEFAULT_MEMORY, rngSeed });
}
