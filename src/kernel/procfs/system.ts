import { PAGE_SIZE } from "../../cpu/sv39.ts";
import type { Kernel } from "../kernel.ts";
import { processTable } from "../rkprocess/process-table.ts";
import { time } from "../rktime/time.ts";
import { memoryManager } from "../rkvm/memory-manager.ts";
import { describe } from "../vfs/mount.ts";
import { toText } from "../vfs/names.ts";
import type { Vfs } from "../vfs/vfs.ts";

/** `/proc/meminfo` (proc_meminfo(5)): what programs size their caches by. */
export function meminfo(kernel: Kernel): string {
  const { totalPages, freePages } = kernel.use(memoryManager);
  const rows: [string, number][] = [
    ["MemTotal", totalPages],
    ["MemFree", freePages],
    ["MemAvailable", freePages],
    ["Buffers", 0],
    ["Cached", 0],
    ["SwapCached", 0],
    ["SwapTotal", 0],
    ["SwapFree", 0],
    ["Shmem", 0],
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

/** `/proc/mounts` (fstab(5)). */
export function mounts(vfs: Vfs): string {
  return vfs.mounts
    .map(({ filesystem, root, ...mount }) => {
      const path = describe({ mount: { filesystem, root, ...mount }, dentry: root });
      const where = toText(path).replace(
        /[ \t\n\\]/g,
        (c) => `\\${c.charCodeAt(0).toString(8).padStart(3, "0")}`,
      );
      return `${filesystem.source.replace(/\s/g, "\\040")} ${where} ${filesystem.name} ${filesystem.readOnly ? "ro" : "rw"},noatime 0 0\n`;
    })
    .join("");
}

export function uptime(kernel: Kernel): string {
  const clock = kernel.use(time);
  const up = clock.monotonic() / 1e9;
  return `${up.toFixed(2)} ${Math.max(0, up - clock.busy() / 1e9).toFixed(2)}\n`;
}

/** `/proc/stat`: the clock ticks of 1/100 s that processes ran and the machine was idle. */
export function stat(kernel: Kernel): string {
  const clock = kernel.use(time);
  const busy = Math.floor(clock.busy() / 1e7);
  const idle = Math.max(0, Math.floor(clock.monotonic() / 1e7) - busy);
  const boot = (clock.realtime() - BigInt(Math.floor(clock.monotonic()))) / 1_000_000_000n;
  const times = `${busy} 0 0 ${idle} 0 0 0 0 0 0`;
  return `cpu  ${times}\ncpu0 ${times}\nctxt 0\nbtime ${boot}\nprocesses ${[...kernel.use(processTable).all()].length}\nprocs_running 1\nprocs_blocked 0\n`;
}
