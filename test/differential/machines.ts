import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Hart } from "../../src/cpu/hart.ts";
import { Cause, Privilege } from "../../src/cpu/layout.ts";
import { Arena } from "../../src/memory/arena.ts";
import { Bus } from "../../src/memory/bus.ts";
import { PhysicalMemory } from "../../src/memory/physical-memory.ts";

const RAM_BASE = 0x8000_0000;
const RAM_SIZE = 32 << 20;
const SYS_WRITE = 64;
const SYS_EXIT_GROUP = 94;
/** More than any program here executes: a hart that goes astray is stopped. */
const LIMIT = 200_000_000;

/** What QEMU's user mode writes to standard output for the program. */
export function runOnQemu(elf: Uint8Array): Buffer {
  const folder = mkdtempSync(join(tmpdir(), "runikraft-differential-"));
  try {
    const file = join(folder, "program");
    writeFileSync(file, elf, { mode: 0o755 });
    return execFileSync("qemu-riscv64", [file], { maxBuffer: 1 << 30, timeout: 120_000 });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

export interface OurRun {
  readonly output: Buffer;
  readonly instructions: number;
  /** How it ended where it did not exit. */
  readonly trouble: string | undefined;
}

/** The same on a bare hart in U-mode with addresses untranslated, its system calls answered here. */
export function runOnHart(elf: Uint8Array, mode: "chained" | "stepped"): OurRun {
  const arena = new Arena(RAM_SIZE + (64 << 20));
  const ram = new PhysicalMemory(arena, RAM_BASE, RAM_SIZE);
  const hart = new Hart(0, arena, new Bus(ram));
  hart.mmu.pmp.allowAll();
  const view = new DataView(elf.buffer, elf.byteOffset, elf.byteLength);
  const headers = Number(view.getBigUint64(32, true));
  for (let i = 0; i < view.getUint16(56, true); i++) {
    const header = headers + i * 56;
    if (view.getUint32(header, true) !== 1) continue;
    const offset = Number(view.getBigUint64(header + 8, true));
    const size = Number(view.getBigUint64(header + 32, true));
    ram.write(Number(view.getBigUint64(header + 24, true)), elf.subarray(offset, offset + size));
  }
  hart.pc = view.getBigUint64(24, true);
  hart.csrs.floatState = 3;
  hart.privilege = Privilege.user;
  hart.mmu.refresh();
  const pieces: Uint8Array[] = [];
  let trouble: string | undefined;
  hart.supervisor = {
    trap: (_, cause, tval) => {
      if (cause === Cause.ecallU && hart.xn(17) === SYS_WRITE) {
        pieces.push(ram.read(hart.xn(11), hart.xn(12)));
        // So that every block runs with a handler an instruction first, and with fused ones from then on.
        hart.code.fuse();
        hart.setXn(10, hart.xn(12));
        hart.pc += 4n;
        return true;
      }
      if (cause !== Cause.ecallU || hart.xn(17) !== SYS_EXIT_GROUP)
        trouble = `trap ${cause} at ${hart.pc.toString(16)}, tval ${tval.toString(16)}`;
      return false;
    },
  };
  let result = hart.run(mode === "stepped" ? 1000 : LIMIT);
  while (mode === "stepped" && result === "limit" && hart.retired < LIMIT) result = hart.run(1000);
  if (result !== "supervisor") trouble = "it did not end";
  return { output: Buffer.concat(pieces), instructions: hart.retired, trouble };
}
