import { UserFault, type UserMemory } from "../rkvm/user-memory.ts";
import type { HeapMemory } from "./allocator.ts";

/** Bytes that are copied at once. */
const PIECE = 65_536;

/** A heap in a process's memory. What the process has unmapped or protected cannot be touched. */
export class UserHeap implements HeapMemory {
  private readonly memory: UserMemory;

  constructor(memory: UserMemory) {
    this.memory = memory;
  }

  clear(address: number, length: number): boolean {
    return this.touches(() => this.memory.fill(address, length, 0));
  }

  copy(to: number, from: number, length: number): boolean {
    return this.touches(() => {
      for (let done = 0; done < length; done += PIECE)
        this.memory.write(to + done, this.memory.read(from + done, Math.min(PIECE, length - done)));
    });
  }

  private touches(access: () => void): boolean {
    try {
      access();
      return true;
    } catch (error) {
      if (error instanceof UserFault) return false;
      throw error;
    }
  }
}
