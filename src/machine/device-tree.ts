import { Interrupt } from "../cpu/csr-state.ts";
import { TIMEBASE } from "../devices/clint.ts";
import { PLIC_SOURCES } from "../devices/plic.ts";
import { cells64, type FdtNode, writeFdt } from "../loader/fdt.ts";
import { ADDRESS_MAP } from "./board.ts";

/** What of a machine its device tree says, beyond the address map. */
export interface DeviceTreeOptions {
  /** 1 to 8. */
  readonly harts: number;
  readonly ramBytes: number;
  /** 32 bytes by which a kernel seeds its random numbers. */
  readonly rngSeed: Uint8Array;
  /** The kernel's command line. */
  readonly bootargs?: string;
  /** Physical addresses of the initial file system: first byte, and the one behind the last. */
  readonly initrd?: { readonly start: number; readonly end: number };
  /** Memory of the firmware, closed to the kernel. */
  readonly reserved?: { readonly start: number; readonly size: number };
}

/** What the harts have (`src/isa/rows`, `src/cpu/csr.ts`), in the canonical order of the ISA manual. */
const ISA = "rv64imafdc_zicntr_zicond_zicsr_zifencei_zihintpause_zba_zbb_zbs_sstc";
/** The input clock of the UART on QEMU's board. */
const UART_HERTZ = 3_686_400;
const Power = { off: 0x5555, reset: 0x7777 } as const;

const PLIC = 1;
const SYSCON = 2;
const cpuHandle = (hart: number) => 3 + hart * 2;
const interruptControllerHandle = (hart: number) => 4 + hart * 2;

/**
 * The flattened device tree of a machine, with the nodes, names and properties of QEMU 7.2's `virt` board for what is there.
 * Virtio slots stand in the order of their addresses, so that a kernel that counts devices counts them as the slots are.
 */
export function makeDeviceTree(options: DeviceTreeOptions): Uint8Array {
  const { syscon, ram } = ADDRESS_MAP;
  return writeFdt({
    name: "",
    properties: {
      "#address-cells": [2],
      "#size-cells": [2],
      compatible: "riscv-virtio",
      model: "riscv-virtio,qemu",
    },
    children: [
      ...reservedMemory(options),
      chosen(options),
      powerNode("poweroff", "syscon-poweroff", Power.off),
      powerNode("reboot", "syscon-reboot", Power.reset),
      {
        name: at("memory", ram),
        properties: { device_type: "memory", reg: reg({ base: ram.base, size: options.ramBytes }) },
      },
      cpus(options.harts),
      {
        name: "soc",
        properties: { "#address-cells": [2], "#size-cells": [2], compatible: "simple-bus", ranges: true },
        children: [
          rtc(),
          serial(),
          {
            name: at("test", syscon),
            properties: {
              phandle: [SYSCON],
              reg: reg(syscon),
              compatible: ["sifive,test1", "sifive,test0", "syscon"],
            },
          },
          ...virtioSlots(),
          plic(options.harts),
          clint(options.harts),
        ],
      },
    ],
  });
}

interface Place {
  readonly base: number;
  readonly size: number;
}

const at = (name: string, { base }: { readonly base: number }) => `${name}@${base.toString(16)}`;
const reg = ({ base, size }: Place) => [...cells64(base), ...cells64(size)];
/** An interrupt through the PLIC. */
const wired = (interrupt: number) => ({ interrupts: [interrupt], "interrupt-parent": [PLIC] });
const each = <T>(count: number, make: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, i) => make(i));

function chosen({ rngSeed, bootargs, initrd }: DeviceTreeOptions): FdtNode {
  return {
    name: "chosen",
    properties: {
      ...(bootargs === undefined ? {} : { bootargs }),
      ...(initrd && {
        "linux,initrd-start": cells64(initrd.start),
        "linux,initrd-end": cells64(initrd.end),
      }),
      "rng-seed": rngSeed,
      "stdout-path": `/soc/${at("serial", ADDRESS_MAP.uart)}`,
    },
  };
}

/** Under the name that OpenSBI gives it. */
function reservedMemory({ reserved }: DeviceTreeOptions): FdtNode[] {
  if (!reserved) return [];
  const place = { base: reserved.start, size: reserved.size };
  const node: FdtNode = {
    name: at("mmode_resv0", place),
    properties: { reg: reg(place), "no-map": true },
  };
  return [
    {
      name: "reserved-memory",
      properties: { "#address-cells": [2], "#size-cells": [2], ranges: true },
      children: [node],
    },
  ];
}

function powerNode(name: string, compatible: string, value: number): FdtNode {
  return { name, properties: { value: [value], offset: [0], regmap: [SYSCON], compatible } };
}

function cpus(harts: number): FdtNode {
  const cpu = (hart: number): FdtNode => ({
    name: `cpu@${hart}`,
    properties: {
      phandle: [cpuHandle(hart)],
      device_type: "cpu",
      reg: [hart],
      status: "okay",
      compatible: "riscv",
      "riscv,isa": ISA,
      "mmu-type": "riscv,sv39",
    },
    children: [
      {
        name: "interrupt-controller",
        properties: {
          "#address-cells": [0],
          "#interrupt-cells": [1],
          "interrupt-controller": true,
          compatible: "riscv,cpu-intc",
          phandle: [interruptControllerHandle(hart)],
        },
      },
    ],
  });
  const core = (hart: number): FdtNode => ({ name: `core${hart}`, properties: { cpu: [cpuHandle(hart)] } });
  const cluster: FdtNode = { name: "cluster0", properties: {}, children: each(harts, core) };
  return {
    name: "cpus",
    properties: { "#address-cells": [1], "#size-cells": [0], "timebase-frequency": [TIMEBASE] },
    children: [...each(harts, cpu), { name: "cpu-map", properties: {}, children: [cluster] }],
  };
}

function rtc(): FdtNode {
  const { rtc } = ADDRESS_MAP;
  return {
    name: at("rtc", rtc),
    properties: { ...wired(rtc.interrupt), reg: reg(rtc), compatible: "google,goldfish-rtc" },
  };
}

function serial(): FdtNode {
  const { uart } = ADDRESS_MAP;
  return {
    name: at("serial", uart),
    properties: {
      ...wired(uart.interrupt),
      "clock-frequency": [UART_HERTZ],
      reg: reg(uart),
      compatible: "ns16550a",
    },
  };
}

function virtioSlots(): FdtNode[] {
  const { base, size, slots, interrupt } = ADDRESS_MAP.virtio;
  return each(slots, (slot) => {
    const place = { base: base + slot * size, size };
    return {
      name: at("virtio_mmio", place),
      properties: { ...wired(interrupt + slot), reg: reg(place), compatible: "virtio,mmio" },
    };
  });
}

/** Which interrupt of each hart a controller drives, for each of its contexts. */
const interruptsOf = (harts: number, interrupts: readonly number[]) =>
  each(harts, (hart) =>
    interrupts.flatMap((interrupt) => [interruptControllerHandle(hart), interrupt]),
  ).flat();

function plic(harts: number): FdtNode {
  return {
    name: at("plic", ADDRESS_MAP.plic),
    properties: {
      phandle: [PLIC],
      "riscv,ndev": [PLIC_SOURCES],
      reg: reg(ADDRESS_MAP.plic),
      "interrupts-extended": interruptsOf(harts, [Interrupt.machineExternal, Interrupt.supervisorExternal]),
      "interrupt-controller": true,
      compatible: ["sifive,plic-1.0.0", "riscv,plic0"],
      "#address-cells": [0],
      "#interrupt-cells": [1],
    },
  };
}

function clint(harts: number): FdtNode {
  return {
    name: at("clint", ADDRESS_MAP.clint),
    properties: {
      "interrupts-extended": interruptsOf(harts, [Interrupt.machineSoftware, Interrupt.machineTimer]),
      reg: reg(ADDRESS_MAP.clint),
      compatible: ["sifive,clint0", "riscv,clint0"],
    },
  };
}
