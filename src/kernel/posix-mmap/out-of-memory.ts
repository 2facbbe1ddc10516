import type { Kernel } from "../kernel.ts";
import type { Process } from "../rkprocess/process.ts";
import { processTable } from "../rkprocess/process-table.ts";
import { signal, signals } from "../rksignal/signals.ts";
import type { AddressSpace } from "../rkvm/address-space.ts";
import type { OutOfMemoryPolicy } from "../rkvm/memory-context.ts";
import { memoryManager } from "../rkvm/memory-manager.ts";

/** What was done when memory was used up. */
export interface OutOfMemoryReport {
  /** The process that was killed. */
  readonly pid: number;
  readonly name: string;
  /** Pages that it had in memory, and pages that there are. */
  readonly resident: number;
  readonly total: number;
}

/**
 * Ends the process that holds most memory, as Linux does. Where that is the one that asks, it is told so: a fault ends it,
 * and a system call has it killed.
 */
export class KillLargest implements OutOfMemoryPolicy {
  private readonly kernel: Kernel;

  constructor(kernel: Kernel) {
    this.kernel = kernel;
  }

  makeRoom(asking: AddressSpace): boolean {
    const victim = this.largest();
    if (!victim) return false;
    const { memory } = victim;
    if (!memory.isDoomed) {
      memory.isDoomed = true;
      const { pid, name } = victim;
      const total = this.kernel.use(memoryManager).totalPages;
      this.kernel.onOutOfMemory({ pid, name, resident: memory.resident.count, total });
    }
    if (memory === asking) return false;
    for (const process of this.holders(memory)) this.kernel.use(processTable).exit(process, KILLED);
    return true;
  }

  kill(asking: AddressSpace): void {
    for (const process of this.holders(asking))
      this.kernel.use(signals).toProcess(process, { signal: signal.SIGKILL, code: SI_KERNEL });
  }

  private largest(): Process | undefined {
    let found: Process | undefined;
    for (const process of this.kernel.use(processTable).all()) {
      if (process.exitStatus) continue;
      if (!found || process.memory.resident.count > found.memory.resident.count) found = process;
    }
    return found;
  }

  /** Who shares the memory holds it too. */
  private holders(memory: AddressSpace): Process[] {
    const all = [...this.kernel.use(processTable).all()];
    return all.filter((process) => !process.exitStatus && process.memory === memory);
  }
}

const SI_KERNEL = 0x80;
const KILLED = { kind: "signal", signal: signal.SIGKILL, crash: undefined } as const;
