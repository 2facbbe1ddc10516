import { Pte } from "../../src/cpu/sv39.ts";
import type { Kernel } from "../../src/kernel/kernel.ts";
import { sysvIpc } from "../../src/kernel/posix-sysvipc/state.ts";
import { type P9Transport, p9Transports } from "../../src/kernel/rk9p/transport.ts";
import { frameAllocator } from "../../src/kernel/rkalloc/frames.ts";
import type { Process } from "../../src/kernel/rkprocess/process.ts";
import { processTable } from "../../src/kernel/rkprocess/process-table.ts";
import type { AddressSpace } from "../../src/kernel/rkvm/address-space.ts";
import type { MemoryContext } from "../../src/kernel/rkvm/memory-context.ts";
import type { PageObject } from "../../src/kernel/rkvm/page-object.ts";
import { LOWEST, USER_END } from "../../src/kernel/rkvm/space-areas.ts";
import { Prot } from "../../src/kernel/rkvm/vma.ts";
import type { Budget } from "../../src/kernel/vfs/limits.ts";
import { processFiles } from "../../src/kernel/vfs/process-files.ts";
import { vfs } from "../../src/kernel/vfs/vfs.ts";
import type { HostedMachine } from "../../src/machine/hosted.ts";

/** What is wrong with a machine's books; empty where nothing is. */
export function brokenInvariants(machine: HostedMachine): string[] {
  const { process: first, kernel } = machine;
  const processes = [first, ...kernel.use(processTable).all()];
  // Of those that have ended only the first still has its memory.
  const alive = processes.filter((process) => process === first || !process.exitStatus);
  const spaces = [...new Set(alive.map(({ memory }) => memory))];
  return [...spaces.flatMap(areas), ...frames(machine, spaces), ...processes.flatMap(descriptors)];
}

/** Areas are sorted, apart, inside user space and never writable and executable. */
function areas(space: AddressSpace): string[] {
  const wrong: string[] = [];
  let end = LOWEST;
  for (const vma of space.areas.areas) {
    const name = `area ${vma.start.toString(16)}-${vma.end.toString(16)}`;
    if (vma.start < end || vma.end <= vma.start || vma.end > USER_END) wrong.push(`${name} out of place`);
    if (vma.start % 4096 !== 0 || vma.end % 4096 !== 0) wrong.push(`${name} is not whole pages`);
    if ((vma.prot & (Prot.write | Prot.exec)) === (Prot.write | Prot.exec)) wrong.push(`${name} is W+X`);
    end = vma.end;
  }
  return wrong;
}

/**
 * Every page of memory is free, a page table, or held as often as its count says; and no page-table entry permits
 * more than its area.
 */
function frames({ kernel, board }: HostedMachine, spaces: readonly AddressSpace[]): string[] {
  const wrong: string[] = [];
  const { frames: counted, cache } = (spaces[0] as unknown as { context: MemoryContext }).context;
  const { extra, firstPage } = counted as unknown as { extra: ArrayLike<number>; firstPage: number };
  const holders = new Map<number, number>();
  const hold = (page: number) => holders.set(page, (holders.get(page) ?? 0) + 1);
  const { files } = cache as unknown as { files: Map<unknown, PageObject> };
  const objects = new Set<PageObject>([...files.values(), ...segments(kernel)]);
  for (const space of spaces) {
    wrong.push(...pages(space, hold));
    for (const { object } of space.areas.areas) if (object) objects.add(object);
    for (const table of space.table.tables()) hold(table);
  }
  for (const object of objects)
    for (const page of (object as unknown as { pages: Map<number, number> }).pages.values()) hold(page);
  for (const [page, count] of holders)
    if (extra[page - firstPage] !== count - 1)
      wrong.push(`page ${page.toString(16)} is held ${count} times, counted ${extra[page - firstPage] + 1}`);
  const allocator = kernel.use(frameAllocator);
  const used = allocator.totalPages - allocator.freePages;
  const held = holders.size + driverPages(kernel);
  if (used !== held) wrong.push(`${used} frames are out, ${held} are held`);
  if (board.ram.residentPages > allocator.totalPages) wrong.push("more memory than there is");
  return wrong;
}

/** Pages that the driver of directories of the host keeps: one for each of them, and those that data goes through. */
export function driverPages(kernel: Kernel): number {
  const transports = (kernel.use(p9Transports) as readonly P9Transport[] | undefined) ?? [];
  return transports.length === 0 ? 0 : transports.length + transports[0].mostData / PAGE + 1;
}
const PAGE = 4096;

/** Segments of System V, which outlive those who made them. */
const segments = (kernel: Kernel): PageObject[] =>
  [...kernel.use(sysvIpc).segments.all()].map(({ memory }) => memory);

/** Pages that segments hold. */
export const segmentPages = (kernel: Kernel): number =>
  segments(kernel).reduce(
    (sum, one) => sum + (one as unknown as { pages: Map<number, number> }).pages.size,
    0,
  );

/** What the processes had counted against a limit and have not given back, now that none is left. */
export function keptBudgets({ kernel, process }: HostedMachine): string[] {
  const { openFiles, fileLocks } = kernel.use(vfs);
  const { areas } = (process.memory as unknown as { context: MemoryContext }).context;
  const left = (budget: Budget) => (budget as unknown as { left: number }).left;
  const kept = {
    openFiles: kernel.limits.openFiles - left(openFiles),
    fileLocks: kernel.limits.fileLocks - left(fileLocks),
    queuedSignals: kernel.limits.queuedSignals - left(kernel.queuedSignals),
    mappings: areas.count,
  };
  return Object.entries(kept).flatMap(([name, count]) =>
    count === 0 ? [] : [`${count} of ${name} are kept`],
  );
}

/** Tells `hold` of the pages that a space's table has. */
function pages(space: AddressSpace, hold: (page: number) => void): string[] {
  const wrong: string[] = [];
  let leaves = 0;
  space.resident.each(0, USER_END, (at, page, flags) => {
    leaves++;
    hold(page);
    const vma = space.areas.find(at);
    if (!vma) wrong.push(`page ${at.toString(16)} is in no area`);
    else if ((flags & Pte.U) !== 0 && !covers(vma.prot, flags))
      wrong.push(`page ${at.toString(16)} permits too much`);
  });
  if (leaves !== space.resident.count)
    wrong.push(`${leaves} pages are present, ${space.resident.count} are counted`);
  return wrong;
}

const covers = (prot: number, flags: number): boolean =>
  ((flags & Pte.W) === 0 || (prot & Prot.write) !== 0) &&
  ((flags & Pte.X) === 0 || (prot & Prot.exec) !== 0) &&
  ((flags & Pte.R) === 0 || (prot & (Prot.read | Prot.write)) !== 0);

/** A dead process has no descriptors; a living one's are open and below its limit's most. */
function descriptors(process: Process): string[] {
  const { fds } = process.get(processFiles);
  const numbers = fds.numbers();
  if (process.exitStatus) return numbers.length === 0 ? [] : [`descriptors ${numbers} outlive the process`];
  return numbers.filter((fd) => fd < 0 || fd >= 65536).map((fd) => `descriptor ${fd}`);
}
