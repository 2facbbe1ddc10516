import { PAGE_SIZE } from "../../cpu/sv39.ts";
import { hexDigits } from "../../messages/hex.ts";
import type { AreaDescription } from "../rkprocess/exit.ts";
import type { Process } from "../rkprocess/process.ts";
import type { AreaUsage } from "../rkvm/area-report.ts";
import { AreaFlag, Prot } from "../rkvm/vma.ts";

/** Texts about a process's memory: of one that has ended there is none. */

/** `start-end rwxp offset device inode path` */
function areaLine({ start, end, prot, shared, offset, name }: AreaDescription): string {
  const letters = `${prot & Prot.read ? "r" : "-"}${prot & Prot.write ? "w" : "-"}${prot & Prot.exec ? "x" : "-"}`;
  const line = `${hexDigits(start, 8)}-${hexDigits(end, 8)} ${letters}${shared ? "s" : "p"} ${hexDigits(offset, 8)} 00:00 0`;
  return name === "" ? `${line} \n` : `${line.padEnd(72)} ${name}\n`;
}

export function maps({ memory, exitStatus }: Process): string {
  return exitStatus ? "" : memory.mappings().map(areaLine).join("");
}

const kib = (name: string, bytes: number) =>
  `${`${name}:`.padEnd(16)}${String(bytes / 1024).padStart(8)} kB\n`;

/** The figures of one area, or of several together. */
function figures(usages: readonly AreaUsage[]): string {
  const sum = (of: (usage: AreaUsage) => number) => usages.reduce((total, usage) => total + of(usage), 0);
  const dirty = sum(({ dirty: bytes }) => bytes);
  const owned = sum(({ private: bytes }) => bytes);
  const shared = sum(({ shared: bytes }) => bytes);
  const privateDirty = Math.min(dirty, owned);
  const sharedDirty = dirty - privateDirty;
  return [
    kib(
      "Rss",
      sum(({ resident }) => resident),
    ),
    kib("Pss", owned + Math.floor(shared / 2048) * 1024),
    kib("Shared_Clean", shared - sharedDirty),
    kib("Shared_Dirty", sharedDirty),
    kib("Private_Clean", owned - privateDirty),
    kib("Private_Dirty", privateDirty),
    kib(
      "Referenced",
      sum(({ resident }) => resident),
    ),
    kib(
      "Anonymous",
      sum(({ anonymous }) => anonymous),
    ),
    kib("Swap", 0),
    kib(
      "Locked",
      sum(({ locked, resident }) => (locked ? resident : 0)),
    ),
  ].join("");
}

export function smaps({ memory, exitStatus }: Process): string {
  if (exitStatus) return "";
  return memory
    .usage()
    .map((usage) => {
      const { area } = usage;
      const size = kib("Size", area.end - area.start) + kib("KernelPageSize", PAGE_SIZE);
      return areaLine(area) + size + figures([usage]);
    })
    .join("");
}

export function smapsRollup({ memory, exitStatus }: Process): string {
  const usages = exitStatus ? [] : memory.usage();
  if (usages.length === 0) return "";
  const [first, last] = [usages[0].area, usages[usages.length - 1].area];
  const whole = { ...first, end: last.end, prot: 0, shared: false, offset: 0, name: "[rollup]" };
  return areaLine(whole) + figures(usages);
}

/** Pages: all, and those in memory. */
export function sizes({ memory, exitStatus }: Process): { total: number; resident: number } {
  if (exitStatus) return { total: 0, resident: 0 };
  const total = memory.mappings().reduce((sum, { start, end }) => sum + (end - start) / PAGE_SIZE, 0);
  return { total, resident: Math.min(total, memory.resident.count) };
}

/** Pages that are locked. */
export function locked({ memory, exitStatus }: Process): number {
  if (exitStatus) return 0;
  return memory.areas.areas.reduce(
    (sum, { flags, start, end }) => sum + (flags & AreaFlag.locked ? (end - start) / PAGE_SIZE : 0),
    0,
  );
}

export function statm(process: Process): string {
  const { total, resident } = sizes(process);
  return `${total} ${resident} 0 0 0 ${total} 0\n`;
}
