import { arenaBytesFor } from "../cpu/code-cache.ts";
import { Csr, Interrupt } from "../cpu/csr-state.ts";
import { Engine, type EngineOptions } from "../cpu/engine.ts";
import { Hart } from "../cpu/hart.ts";
import { Privilege } from "../cpu/layout.ts";
import { Clint, type Clock, TIMEBASE } from "../devices/clint.ts";
import type { ImmediateDisk } from "../devices/disk.ts";
import type { Platform } from "../kernel/rkplat/platform.ts";
import { Arena } from "../memory/arena.ts";
import { Bus } from "../memory/bus.ts";
import { PhysicalMemory } from "../memory/physical-memory.ts";
import { ADDRESS_MAP } from "./board.ts";
import { HostClock, type HostTime, VirtualClock } from "./clock.ts";
import type { HostConsole } from "./host-console.ts";
import { SerialLine } from "./serial-line.ts";

/** The second serial port: standard error. */
const SECOND_UART = ADDRESS_MAP.uart.base + ADDRESS_MAP.uart.size;
/** With more pages than a TLB has entries, each would be looked for in vain. */
const FENCE_EACH = 1024;
/** As many as `satp` can tell apart. */
const ASIDS = 2 ** 16;
/** PMP entry 0 as one naturally aligned region over all addresses, open to everybody. */
const PMP_ALL_ADDRESSES = 0x3f_ffff_ffff_ffffn;
const PMP_OPEN = 0x1fn;

/** Boot time of a deterministic machine: 2024-01-01 00:00:00 UTC. */
const FIXED_EPOCH = 1_704_067_200_000_000_000n;

/** The hardware under a hosted guest: one hart in user mode, RAM, CLINT and two UARTs; disks are put in by `attachDisks`. */
export class HostedBoard {
  readonly ram: PhysicalMemory;
  readonly bus: Bus;
  readonly hart: Hart;
  readonly clint: Clint;
  /** Of a deterministic machine. */
  readonly virtual: VirtualClock | undefined;
  readonly lines: readonly [SerialLine, SerialLine];
  /** What `attachDisks` has put in, and the addresses of the virtio slots where that is. */
  readonly disks: ImmediateDisk[] = [];
  readonly virtio: number[] = [];
  readonly platform: Platform;
  /** Turns of the host's event loop that the machine has waited for. */
  readonly hostTurns = { count: 0 };

  /** Without `time`, time is virtual. */
  constructor(
    ramBytes: number,
    console: HostConsole,
    time: HostTime | undefined,
    entropy: (into: Uint8Array) => void,
    engine?: EngineOptions,
  ) {
    const arena = new Arena(arenaBytesFor(ramBytes));
    this.ram = new PhysicalMemory(arena, ADDRESS_MAP.ram.base, ramBytes);
    this.bus = new Bus(this.ram);
    const hart = new Hart(0, arena, this.bus, new Engine(this.ram, engine));
    this.hart = hart;
    this.virtual = time ? undefined : new VirtualClock(() => hart.retired);
    const clock = time ? new HostClock(() => time.milliseconds()) : (this.virtual as Clock);
    this.clint = new Clint([hart], clock);
    this.lines = connect(console);
    const [first, second] = this.lines;
    this.bus.attach(ADDRESS_MAP.clint.base, ADDRESS_MAP.clint.size, this.clint);
    for (const line of this.lines) this.bus.attach(line.base, ADDRESS_MAP.uart.size, line);
    enterUserMode(hart);
    let lastAsid = -1;
    this.platform = {
      hostTurns: this.hostTurns,
      hart,
      bus: this.bus,
      ram: this.ram,
      newAsid() {
        lastAsid = (lastAsid + 1) % ASIDS;
        if (lastAsid === 0) hart.mmu.fence();
        return lastAsid;
      },
      useAddressSpace: (rootPage, asid) => hart.mmu.useTable(rootPage, asid),
      fence(asid, address, pages) {
        if (pages > FENCE_EACH) hart.mmu.fence(undefined, asid);
        else if (pages > 0) hart.mmu.fence(address, asid, pages);
      },
      codeWritten: (page) => hart.code.invalidate(page),
      clint: { base: ADDRESS_MAP.clint.base, nanosecondsPerTick: 1e9 / TIMEBASE },
      epoch: time ? time.now() : FIXED_EPOCH,
      consoles: [first, second],
      virtio: this.virtio,
      entropy,
    };
  }

  /** Gives the host all that was printed. */
  flush(): void {
    for (const line of this.lines) line.flush();
  }
}

function connect(console: HostConsole): [SerialLine, SerialLine] {
  const first = new SerialLine(ADDRESS_MAP.uart.base, console.input, console.output, console);
  const second = new SerialLine(SECOND_UART, undefined, console.error, console);
  first.onSend = () => second.flush();
  second.onSend = () => first.flush();
  console.input.onInput = () => first.pump();
  console.onResize = () => first.onResize();
  return [first, second];
}

/** User mode with the timer interrupt on, all physical memory open and floating point ready. */
function enterUserMode(hart: Hart): void {
  const { csrs } = hart;
  csrs.set(Csr.pmpaddr, PMP_ALL_ADDRESSES);
  csrs.set(Csr.pmpcfg0, PMP_OPEN);
  csrs.setLow(Csr.mie, 1 << Interrupt.machineTimer);
  csrs.setLow(Csr.mcounteren, 7);
  csrs.setLow(Csr.scounteren, 7);
  csrs.floatState = 3;
  hart.privilege = Privilege.user;
  hart.mmu.reset();
}
