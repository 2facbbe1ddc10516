import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";
import { Engine } from "../../src/cpu/engine.ts";
import { Hart } from "../../src/cpu/hart.ts";
import { Cause, Privilege } from "../../src/cpu/layout.ts";
import { PageTable } from "../../src/cpu/page-table.ts";
import { Pte } from "../../src/cpu/sv39.ts";
import { errno } from "../../src/kernel/syscalls/errno.ts";
import { Arena } from "../../src/memory/arena.ts";
import { Bus } from "../../src/memory/bus.ts";
import { PhysicalMemory } from "../../src/memory/physical-memory.ts";
import { FIRST_STRANGE_CALL } from "./generate.ts";

// As the command line does (`tools/launcher.cjs`).
setFlagsFromString("--experimental-wasm-relaxed-simd");

const RAM_BASE = 0x8000_0000;
const RAM_SIZE = 32 << 20;
const SYS_WRITE = 64;
const SYS_EXIT_GROUP = 94;
/** The program is below this many bytes of RAM; page tables stand behind. */
const PROGRAM_MOST = 16 << 20;
/** More than any program here executes: a hart that goes astray is stopped. */
const LIMIT = 200_000_000;

/** Where a virtual address is: two pages follow each other, the next two do not follow them. */
const scattered = (address: number) => (address ^ 0x2000) >>> 0;

/** The parts of a range that are in one page each: from, and to before. */
function pages(address: number, size: number): [number, number][] {
  const found: [number, number][] = [];
  for (let from = address; from < address + size; ) {
    const to = Math.min(address + size, (Math.floor(from / 4096) + 1) * 4096);
    found.push([from, to]);
    from = to;
  }
  return found;
}

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

/**
 * How ours runs: interpreted, chained or stepped, with addresses untranslated; or with hot code translated to WebAssembly, or
 * all code, on virtual pages most of whose neighbours stand elsewhere.
 */
export const MODES = ["chained", "stepped", "hot", "always"] as const;
export type Way = (typeof MODES)[number];

/** The same on a bare hart in U-mode, its system calls answered here. */
export function runOnHart(elf: Uint8Array, mode: Way): OurRun {
  const arena = new Arena(RAM_SIZE + (64 << 20));
  const ram = new PhysicalMemory(arena, RAM_BASE, RAM_SIZE);
  const jit = mode === "always" ? "always" : mode === "hot" ? "on" : "off";
  const hart = new Hart(0, arena, new Bus(ram), new Engine(ram, { jit }));
  const at = jit === "off" ? (address: number) => address : scattered;
  hart.mmu.pmp.allowAll();
  const view = new DataView(elf.buffer, elf.byteOffset, elf.byteLength);
  const headers = Number(view.getBigUint64(32, true));
  for (let i = 0; i < view.getUint16(56, true); i++) {
    const header = headers + i * 56;
    if (view.getUint32(header, true) !== 1) continue;
    const offset = Number(view.getBigUint64(header + 8, true));
    const size = Number(view.getBigUint64(header + 32, true));
    const address = Number(view.getBigUint64(header + 24, true));
    for (const [from, to] of pages(address, size))
      ram.write(at(from), elf.subarray(offset + from - address, offset + to - address));
  }
  hart.pc = view.getBigUint64(24, true);
  hart.csrs.floatState = 3;
  hart.privilege = Privilege.user;
  if (jit !== "off") {
    let next = (RAM_BASE + PROGRAM_MOST) / 4096;
    const table = new PageTable(ram, () => next++);
    for (let page = 0; page < PROGRAM_MOST; page += 4096)
      table.map(
        RAM_BASE + page,
        scattered(RAM_BASE + page) / 4096,
        Pte.R | Pte.W | Pte.X | Pte.U | Pte.A | Pte.D,
      );
    hart.mmu.useTable(table.rootPage, 0);
  }
  hart.mmu.refresh();
  const pieces: Uint8Array[] = [];
  let trouble: string | undefined;
  hart.supervisor = {
    trap: (_, cause, tval) => {
      if (cause === Cause.ecallU && hart.xn(17) === SYS_WRITE) {
        for (const [from, to] of pages(hart.xn(11), hart.xn(12))) pieces.push(ram.read(at(from), to - from));
        // So that every block runs with a handler an instruction first, and with fused ones from then on.
        hart.code.fuse();
        hart.setXn(10, hart.xn(12));
        hart.pc += 4n;
        return true;
      }
      if (cause === Cause.ecallU && hart.xn(17) >= FIRST_STRANGE_CALL) {
        hart.setXn(10, -errno.ENOSYS);
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
