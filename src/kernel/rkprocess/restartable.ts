import type { Hart } from "../../cpu/hart.ts";
import { UserFault, type UserMemory } from "../rkvm/user-memory.ts";
import type { Thread } from "./thread.ts";

/**
 * Restartable sequences (`rseq`, uapi/linux/rseq.h): a thread's area in user memory tells it its hart, and points
 * to the critical section it is in, which must begin again when something comes between.
 *
 *     0  cpu_id_start    4  cpu_id    8  rseq_cs: address of the section's description, 0 for none
 *    16  flags          20  node_id  24  mm_cid
 *
 * A description: 0 version, 4 flags, 8 start address, 16 length, 24 abort address. The word before the abort address
 * must be the signature given at registration.
 */
export interface RestartableArea {
  readonly address: number;
  readonly length: number;
  readonly signature: number;
}

const SECTION = 8;
export const SMALLEST_AREA = 32;

/** Tells a newly registered area that its thread runs on hart 0. Throws `UserFault`. */
export function writeHartNumber(memory: UserMemory, area: RestartableArea): void {
  for (const field of [0, 4, 20, 24]) memory.writeU32(area.address + field, 0);
}

/**
 * Something is about to come between: a signal handler or another thread. Where the thread, whose registers are the
 * hart's, is inside a critical section, it will go on at its abort address. False: its area is broken, which is
 * SIGSEGV.
 */
export function abortSequence(hart: Hart, thread: Thread): boolean {
  const { restartable, memory } = thread;
  if (!restartable) return true;
  try {
    const section = memory.readWord(restartable.address + SECTION);
    if (section === 0) return true;
    const start = memory.readWord(section + 8);
    const inside = Number(hart.pc) - start;
    const abort = memory.readWord(section + 24);
    if (memory.readU32(section) !== 0 || memory.readU32(abort - 4) !== restartable.signature) return false;
    memory.writeU64(restartable.address + SECTION, 0n);
    if (inside >= 0 && inside < memory.readWord(section + 16)) hart.pc = BigInt(abort);
    return true;
  } catch (error) {
    if (error instanceof UserFault) return false;
    throw error;
  }
}
