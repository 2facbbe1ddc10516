import { csrRows } from "../cpu/csr.ts";
import { Csr } from "../cpu/csr-state.ts";
import type { Hart } from "../cpu/hart.ts";
import { PLIC_SOURCES } from "../devices/plic.ts";
import type { SlotView } from "../devices/virtio/mmio.ts";
import { ADDRESS_MAP, type Board } from "../machine/board.ts";
import type { Machine } from "../machine/machine.ts";
import { FRAME_SIZE } from "../memory/arena.ts";
import { type Registers, readRegisters } from "./registers.ts";

/** A machine as an onlooker sees it, as plain data. Looking changes nothing. */

export type PrivilegeName = "U" | "S" | "M";

export interface HartView {
  readonly id: number;
  readonly privilege: PrivilegeName;
  readonly registers: Registers;
  /** By name, unsigned. */
  readonly csrs: readonly { readonly name: string; readonly value: bigint }[];
}

const PRIVILEGES: readonly PrivilegeName[] = ["U", "S", "M", "M"];
/** Those that say where a hart is and what it does; the counters and PMP are long and seldom asked for. */
const CSRS = [
  ..."mstatus mtvec mepc mcause mtval mscratch mie mip medeleg mideleg".split(" "),
  ..."sstatus stvec sepc scause stval sscratch sie sip satp".split(" "),
];

export function viewHart(hart: Hart): HartView {
  const csrs = CSRS.flatMap((wanted) => {
    const row = csrRows.find(({ name }) => name === wanted);
    return row ? [{ name: wanted, value: row.read(hart) }] : [];
  });
  return { id: hart.id, privilege: PRIVILEGES[hart.privilege], registers: readRegisters(hart), csrs };
}

/** Bytes. */
export interface MemoryView {
  readonly base: number;
  readonly size: number;
  /** Of pages that the host has memory for. */
  readonly resident: number;
  /** Of these: shared with a fork until one side writes. */
  readonly shared: number;
  /** Of pages whose code is decoded. */
  readonly code: number;
  /** In the balloon, as the driver says; undefined without one. */
  readonly balloon: number | undefined;
}

export function viewMemory({ board, devices }: Machine): MemoryView {
  const { ram, engine } = board;
  const shared = ram.map.reduce((sum, frame) => sum + (frame !== 0 && ram.arena.isShared(frame) ? 1 : 0), 0);
  return {
    base: ram.base,
    size: ram.size,
    resident: ram.residentPages * FRAME_SIZE,
    shared: shared * FRAME_SIZE,
    code: engine.code.pageCount * FRAME_SIZE,
    balloon: devices.balloon && devices.balloon.actual * FRAME_SIZE,
  };
}

export interface DeviceView {
  readonly name: string;
  readonly base: number;
  readonly size: number;
  /** Number of its interrupt source. */
  readonly interrupt: number | undefined;
  /** Of virtio slots. */
  readonly slot: SlotView | undefined;
}

/** What is on the bus, in the order of addresses. */
export function viewDevices({ bus, virtio }: Board): DeviceView[] {
  const slots: readonly unknown[] = virtio;
  const views = bus.map.map(({ base, size, device }) => {
    const slot = slots.indexOf(device);
    return {
      name: device.name,
      base,
      size,
      interrupt: slot < 0 ? interruptOf(base) : ADDRESS_MAP.virtio.interrupt + slot,
      slot: slot < 0 ? undefined : virtio[slot].describe(),
    };
  });
  return views.sort((a, b) => a.base - b.base);
}

function interruptOf(base: number): number | undefined {
  const { uart, rtc } = ADDRESS_MAP;
  return [uart, rtc].find((place) => place.base === base)?.interrupt;
}

export interface SourceView {
  readonly source: number;
  readonly priority: number;
  readonly isPending: boolean;
  /** Claimed, and not completed yet. */
  readonly isInService: boolean;
}

export interface InterruptView {
  /** Sources that are enabled for any context, pending or in service. */
  readonly sources: readonly SourceView[];
  readonly contexts: readonly {
    readonly hart: number;
    readonly privilege: "M" | "S";
    readonly threshold: number;
    readonly enabled: readonly number[];
  }[];
  readonly timers: readonly {
    readonly hart: number;
    /** When M-mode's and S-mode's timer are due; undefined: not armed. */
    readonly mtimecmp: bigint | undefined;
    readonly stimecmp: bigint | undefined;
    /** A software interrupt is asked for. */
    readonly msip: boolean;
  }[];
  readonly mtime: bigint;
}

const NEVER = 0xffff_ffff_ffff_ffffn;
const WORDS = (PLIC_SOURCES + 1) / 32;

export function viewInterrupts({ plic, clint, harts }: Board): InterruptView {
  const { priority, pending, inService, enable, threshold } = plic.save();
  const { mtimecmp, msip } = clint.save();
  const has = (words: readonly number[], source: number) =>
    ((words[source >> 5] >>> (source & 31)) & 1) !== 0;
  const sources = Array.from({ length: PLIC_SOURCES }, (_, i) => ({
    source: i + 1,
    priority: priority[i + 1],
    isPending: has(pending, i + 1),
    isInService: has(inService, i + 1),
  }));
  const contexts = threshold.map((value, context) => {
    const words = enable.slice(context * WORDS, (context + 1) * WORDS);
    return {
      hart: context >> 1,
      privilege: context % 2 === 0 ? ("M" as const) : ("S" as const),
      threshold: value,
      enabled: sources.map(({ source }) => source).filter((source) => has(words, source)),
    };
  });
  const armed = (time: bigint) => (time === NEVER ? undefined : time);
  const timers = harts.map(({ id, csrs }) => ({
    hart: id,
    mtimecmp: armed(mtimecmp[id]),
    stimecmp: armed(csrs.get(Csr.stimecmp)),
    msip: msip[id] !== 0,
  }));
  const enabled = new Set(contexts.flatMap((context) => context.enabled));
  const isUsed = ({ source, isPending, isInService }: SourceView) =>
    enabled.has(source) || isPending || isInService;
  return { sources: sources.filter(isUsed), contexts, timers, mtime: clint.mtime };
}
