import { PAGE_SIZE } from "../../cpu/sv39.ts";
import type { Kernel } from "../kernel.ts";
import { processTable } from "../rkprocess/process-table.ts";
import { scheduler } from "../rksched/scheduler.ts";
import { time } from "../rktime/time.ts";
import { memoryManager } from "../rkvm/memory-manager.ts";

/** `/proc/meminfo` (proc_meminfo(5)): what programs size their caches by. */
export function meminfo(kernel: Kernel): string {
  const { totalPages, freePages, cachedPages } = kernel.use(memoryManager);
  const rows: [string, number][] = [
    ["MemTotal", totalPages],
    ["MemFree", freePages],
    ["MemAvailable", freePages + cachedPages],
    ["Buffers", 0],
    ["Cached", cachedPages],
    ["SwapCached", 0],
    ["Active", totalPages - freePages],
    ["Inactive", 0],
    ["SwapTotal", 0],
    ["SwapFree", 0],
    ["Dirty", 0],
    ["Writeback", 0],
    ["AnonPages", totalPages - freePages - cachedPages],
    ["Mapped", cachedPages],
    ["Shmem", 0],
    ["Slab", 0],
    ["SReclaimable", 0],
    ["CommitLimit", totalPages],
    ["Committed_AS", totalPages - freePages],
  ];
  return rows
    .map(([name, pages]) => `${`${name}:`.padEnd(16)}${String((pages * PAGE_SIZE) / 1024).padStart(8)} kB\n`)
    .join("");
}

/** `/proc/cpuinfo` of one hart (arch/riscv/kernel/cpu.c). */
export function cpuinfo(): string {
  const rows = [
    ["processor", "0"],
    ["hart", "0"],
    ["isa", "rv64imafdc_zicntr_zicond_zicsr_zifencei_zba_zbb_zbs"],
    ["mmu", "sv39"],
    ["uarch", "runikraft"],
  ];
  return `${rows.map(([name, value]) => `${name}\t${name.length < 8 ? "\t" : ""}: ${value}\n`).join("")}\n`;
}

export function uptime(kernel: Kernel): string {
  const clock = kernel.use(time);
  const up = clock.monotonic() / 1e9;
  return `${up.toFixed(2)} ${Math.max(0, up - clock.busy() / 1e9).toFixed(2)}\n`;
}

/** `/proc/loadavg`: nobody averages; the threads that can run, those there are, and the newest process. */
export function loadavg(kernel: Kernel): string {
  const table = kernel.use(processTable);
  const running = kernel.use(scheduler).waiting + 1;
  const newest = [...table.all()].reduce((most, { pid }) => Math.max(most, pid), 0);
  return `0.00 0.00 0.00 ${running}/${table.threadCount} ${newest}\n`;
}

/** The rows of `/proc/vmstat` that tools compute with. */
export function vmstat(kernel: Kernel): string {
  const { freePages, cachedPages } = kernel.use(memoryManager);
  const rows = {
    nr_free_pages: freePages,
    nr_file_pages: cachedPages,
    pgfault: 0,
    pgmajfault: 0,
    oom_kill: 0,
  };
  return Object.entries(rows)
    .map(([name, value]) => `${name} ${value}\n`)
    .join("");
}

/** `/proc/stat`: the clock ticks of 1/100 s that processes ran and the machine was idle. */
export function stat(kernel: Kernel): string {
  const clock = kernel.use(time);
  const busy = Math.floor(clock.busy() / 1e7);
  const idle = Math.max(0, Math.floor(clock.monotonic() / 1e7) - busy);
  const boot = (clock.realtime() - BigInt(Math.floor(clock.monotonic()))) / 1_000_000_000n;
  const times = `${busy} 0 0 ${idle} 0 0 0 0 0 0`;
  const made = [...kernel.use(processTable).all()].length;
  const rows = [
    "intr 0",
    "ctxt 0",
    `btime ${boot}`,
    `processes ${made}`,
    "procs_running 1",
    "procs_blocked 0",
  ];
  return `cpu  ${times}\ncpu0 ${times}\n${rows.join("\n")}\n`;
}
