import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { Csr } from "../../cpu/csr-state.ts";
import { Privilege } from "../../cpu/layout.ts";
import { nodeHost } from "../../host/node.ts";
import { assemble } from "../../isa/assembler/assemble.ts";
import { linkElf } from "../../isa/assembler/elf.ts";
import { Machine } from "../../machine/machine.ts";
import type { MachineOptions } from "../../machine/machine-options.ts";
import { Monitor, type MonitorTarget } from "./monitor.ts";

const folder = mkdtempSync(join(tmpdir(), "runikraft-monitor-"));
const RAM = 0x8000_0000;

/** Listens to the UART, has it interrupt hart 0's S-mode, and goes to sleep. */
const IMAGE = `
_start: li t0, 0x0c000000
        li t1, 3
        sw t1, 40(t0)
        li t0, 0x0c002080
        li t1, 0x400
        sw t1, 0(t0)
        li t0, 0x02004000
        li t1, 0x123456789
        sd t1, 0(t0)
        li a0, -2
1:      wfi
        j 1b
`;

let output = "";
let stopped = false;
let quit = false;
let connections: MonitorTarget["connections"];
let machine: Machine;
let monitor: Monitor;

async function create(options: Partial<MachineOptions> = {}): Promise<void> {
  const bytes = linkElf(assemble(IMAGE), { base: BigInt(RAM) });
  machine = await Machine.create({
    memory: 4 << 20,
    boot: { bios: "none", kernel: { name: "image", bytes } },
    deterministic: true,
    host: nodeHost,
    ...options,
  });
  await machine.run({ instructions: 1000 });
  const target = {
    get machine() {
      return machine;
    },
    get isStopped() {
      return stopped;
    },
    get connections() {
      return connections;
    },
    stop: () => {
      stopped = true;
    },
    cont: () => {
      stopped = false;
    },
    load: async (file: string) => {
      machine = await Machine.load(new Uint8Array(readFileSync(file)), file, { host: nodeHost });
    },
    quit: () => {
      quit = true;
    },
  };
  monitor = new Monitor(target, (text) => {
    output += text;
  });
}

async function answer(line: string): Promise<string> {
  output = "";
  await monitor.execute(line);
  return output;
}

beforeEach(() => {
  stopped = false;
  quit = false;
});

describe("info", () => {
  it("registers shows one hart or all", async () => {
    await create({ harts: 2 });
    const all = await answer("info registers");
    expect(all).toMatch(/^hart 0 M-mode\n {2}pc 0000000080000[\da-f]{3} /);
    expect(all).toMatch(/^hart 1 M-mode$/m);
    expect(all).toMatch(/a0 fffffffffffffffe/);
    expect(all).toMatch(/mtvec 0{16}/);
    expect((await answer("info registers 1")).match(/hart \d/g)).toEqual(["hart 1"]);
    expect(await answer("info registers 2")).toBe('there is no hart "2": 0 to 1\n');
    expect(await answer("info registers x")).toBe('there is no hart "x": 0 to 1\n');
  });

  it("irq shows sources that somebody listens to, contexts and timers", async () => {
    await create();
    machine.board.uart.receive(0x61);
    const shown = await answer("info irq");
    expect(shown).toMatch(/^source 10 +priority 3$/m);
    expect(shown).not.toMatch(/source 1 /);
    expect(shown).toMatch(/^hart 0 S-mode +threshold 0 +enabled 10$/m);
    expect(shown).toMatch(/^hart 0 M-mode +threshold 0 +enabled -$/m);
    expect(shown).toMatch(/^hart 0 timers +mtimecmp 0x123456789 +stimecmp - +msip 0$/m);
    machine.board.harts[0].csrs.set(Csr.stimecmp, 0xabcden);
    expect(await answer("info irq")).toMatch(/stimecmp 0xabcde /);
    machine.board.plic.input(10)(true);
    expect(await answer("info irq")).toMatch(/^source 10 +priority 3 +pending$/m);
    machine.board.plic.load(0x20_1004, 4);
    expect(await answer("info irq")).toMatch(/^source 10 +priority 3 +claimed$/m);
  });

  it("devices shows the bus and how far drivers are", async () => {
    await create({ devices: ["virtio-gpu"] });
    const slot = machine.board.virtio[0];
    slot.store(0x70, 4, 3);
    const shown = await answer("info devices");
    expect(shown).toMatch(/^10000000-100000ff {2}uart {2}interrupt 10$/m);
    expect(shown).toMatch(
      /^10001000-10001fff {2}virtio-gpu {2}interrupt 1\n {4}version 2, status ACKNOWLEDGE DRIVER\n/m,
    );
    expect(shown).toMatch(/queue 0: 64 of 64, not set up/);
    expect(shown).toMatch(/^10002000-10002fff {2}virtio-mmio \(empty\) {2}interrupt 2$/m);
    expect(shown).toMatch(/virtio-rng {2}interrupt 8\n {4}version 2, status reset/);
  });

  it("pages counts RAM", async () => {
    await create({ devices: ["virtio-balloon"] });
    const shown = await answer("info pages");
    expect(shown).toMatch(/^RAM +4096 KiB {2}0x80000000-0x80400000$/m);
    expect(shown).toMatch(/^touched +\d+ KiB$/m);
    expect(shown).toMatch(/^shared with a fork +0 KiB$/m);
    expect(shown).toMatch(/^in the balloon +0 KiB$/m);
    const fork = await machine.fork({ host: nodeHost });
    expect(await answer("info pages")).not.toMatch(/^shared with a fork +0 KiB$/m);
    await fork.close();
  });

  it("mem shows the page table of the chosen hart", async () => {
    await create({ harts: 2 });
    expect(await answer("info mem")).toBe("satp is bare: addresses are physical\n");
    const { ram, harts } = machine.board;
    ram.writeU64(RAM + 0x10_0000 + 510 * 8, (0x80000n << 10n) | 0xcfn);
    harts[1].mmu.useTable((RAM + 0x10_0000) / 4096, 0);
    await answer("cpu 1");
    expect(await answer("info mem")).toMatch(
      /^vaddr .*\nffffffff80000000 {2}0000000080000000 {2}0000000040000000 {2}rwx--ad\n$/,
    );
  });

  it("network lists connections", async () => {
    await create();
    connections = undefined;
    expect(await answer("info network")).toBe("the machine has no network: --net user\n");
    const guest = { address: 0x0a00020f, port: 40000 };
    connections = [{ guest, peer: { address: 0x0a000202, port: 80 } }];
    expect(await answer("info network")).toMatch(/\ntcp {2}10\.0\.2\.15:40000 {2}10\.0\.2\.2:80\n$/);
  });

  it("status says whether the machine stands still", async () => {
    await create();
    expect(await answer("info status")).toMatch(/^running, 1 harts, \d+ instructions, \d+\.\d{3} s/);
    await answer("stop");
    expect(await answer("info status")).toMatch(/^stopped/);
    await answer("cont");
    expect(stopped).toBe(false);
  });
});

describe("x and xp", () => {
  it("show memory in gdb's formats", async () => {
    await create();
    machine.board.ram.write(RAM + 0x2000, Uint8Array.of(0xfe, 0xff, 0xff, 0xff, 0x41, 0, 0x0a, 0x7f));
    expect(await answer("x /2xw 0x80002000")).toBe("0000000080002000: 0xfffffffe 0x7f0a0041\n");
    expect(await answer("x/1xg 0x80002000")).toBe("0000000080002000: 0x7f0a0041fffffffe\n");
    expect(await answer("xp /2dh 2147491840")).toBe("0000000080002000: -2 -1\n");
    expect(await answer("x /2ub 0x80002000")).toBe("0000000080002000: 254 255\n");
    expect(await answer("x /3c 0x80002004")).toBe("0000000080002004: 'A' '\\x00' '\\x0a'\n");
    expect(await answer("x 0x80002000")).toBe("0000000080002000: 0xfffffffe\n");
    expect((await answer("x /5xw 0x80002000")).split("\n").length).toBe(3);
  });

  it("show instructions, from a register on", async () => {
    await create();
    machine.board.harts[0].setX(10, BigInt(RAM));
    expect(await answer("x/1i $a0")).toMatch(/^0000000080000000: +[\da-f]+ {2}lui t0,0xc000\n$/);
    expect(await answer("x/2i $pc")).toMatch(/\n.*\n$/);
  });

  it("look through the page table, and past it", async () => {
    await create();
    const [hart] = machine.board.harts;
    machine.board.ram.writeU64(RAM + 0x10_0000 + 510 * 8, (0x80000n << 10n) | 0xcfn);
    machine.board.ram.writeU64(RAM + 0x3000, 0x55n);
    hart.mmu.useTable((RAM + 0x10_0000) / 4096, 0);
    hart.privilege = Privilege.supervisor;
    expect(await answer("x 0xffffffff80003000")).toBe("ffffffff80003000: 0x00000055\n");
    expect(await answer("x 0x80003000")).toBe("cannot read memory at 0000000080003000\n");
    expect(await answer("xp 0x80003000")).toBe("0000000080003000: 0x00000055\n");
  });

  it("stop where memory ends, and refuse what they cannot read", async () => {
    await create();
    expect(await answer("xp /4xw 0x803ffff8")).toMatch(
      /^00000000803ffff8: 0x[\da-f]{8} 0x[\da-f]{8}\ncannot read memory at 0000000080400000\n$/,
    );
    expect(await answer("x /0 0")).toMatch(/"\/0" is no format/);
    expect(await answer("x /9999 0")).toMatch(/is no format/);
    expect(await answer("x /s 0")).toMatch(/is no format/);
    expect(await answer("x main")).toMatch(/"main" is no address/);
    expect(await answer("x")).toBe("usage: x /FMT ADDRESS\n");
    expect(await answer("x /i -1")).toMatch(/"-1" is no address/);
    expect(await answer("x 0xffffffffffffffff")).toMatch(/cannot read/);
  });
});

describe("devices", () => {
  it("get keys, held together", async () => {
    await create({ devices: ["virtio-keyboard"] });
    const keyboard = machine.devices.keyboard;
    keyboard?.start();
    expect(await answer("sendkey ctrl-alt-delete")).toBe("");
    const keys = keyboard?.save().waiting.filter(({ type }) => type === 1);
    expect(keys?.map(({ code, value }) => [code, value])).toEqual([
      ...[
        [29, 1],
        [56, 1],
        [111, 1],
      ],
      ...[
        [111, 0],
        [56, 0],
        [29, 0],
      ],
    ]);
    expect(await answer("sendkey ctrl-wings")).toBe('there is no key "wings"\n');
    expect(await answer("sendkey constructor")).toBe('there is no key "constructor"\n');
    expect(await answer("mouse_move 1 2")).toBe("the machine has no virtio-tablet: --device virtio-tablet\n");
  });

  it("get positions and buttons", async () => {
    await create({ devices: ["virtio-tablet"] });
    const tablet = machine.devices.tablet;
    tablet?.start();
    await answer("mouse_move 100 200");
    await answer("mouse_button 5");
    await answer("mouse_button 1");
    const events = tablet?.save().waiting.filter(({ type }) => type !== 0);
    expect(events?.map(({ code, value }) => [code, value])).toEqual([
      ...[
        [0, 100],
        [1, 200],
      ],
      ...[
        [0x110, 1],
        [0x111, 1],
        [0x111, 0],
      ],
    ]);
    expect(await answer("mouse_move 1")).toBe("usage: mouse_move X Y\n");
    expect(await answer("sendkey a")).toMatch(/has no virtio-keyboard/);
  });

  it("show their screen as a file", async () => {
    await create({ devices: ["virtio-gpu"] });
    const file = join(folder, "screen.png");
    expect(await answer(`screendump ${file}`)).toBe("the guest has not turned the screen on\n");
    Object.assign(machine.devices.gpu ?? {}, {
      screenshot: () => ({ width: 2, height: 1, rgba: new Uint8Array(8) }),
    });
    expect(await answer(`screendump ${file}`)).toBe(`written to ${file}\n`);
    expect(readFileSync(file).subarray(1, 4).toString()).toBe("PNG");
  });

  it("are asked for memory in MiB, as in QEMU", async () => {
    await create({ devices: ["virtio-balloon"] });
    await answer("balloon 3");
    expect(machine.devices.balloon?.target).toBe(256);
    expect(await answer("balloon 5")).toMatch(/from 1 to 4/);
  });
});

describe("the machine", () => {
  it("is saved, and loaded in place of itself", async () => {
    await create();
    const file = join(folder, "machine.save");
    expect(await answer(`savevm ${file}`)).toBe(`saved to ${file}\n`);
    const before = machine.board.retired;
    machine.board.harts[0].setX(10, 7n);
    expect(await answer(`loadvm ${file}`)).toBe(`loaded from ${file}\n`);
    expect(machine.board.retired).toBe(before);
    expect(machine.board.harts[0].x(10)).toBe(-2n);
  });

  it("stays where a file is damaged", async () => {
    await create();
    const file = join(folder, "damaged.save");
    await answer(`savevm ${file}`);
    const bytes = readFileSync(file);
    bytes[100] ^= 1;
    writeFileSync(file, bytes);
    const old = machine;
    expect(await answer(`loadvm ${file}`)).toBe(
      `${file}: the saved machine is damaged: its checksum is wrong\n`,
    );
    expect(machine).toBe(old);
    expect(await answer(`savevm ${join(folder, "none", "x")}`)).toMatch(/^cannot write /);
  });

  it("is reset and left", async () => {
    await create();
    await answer("system_reset");
    expect(machine.board.harts[0].pc).toBe(BigInt(RAM));
    await answer("quit");
    expect(quit).toBe(true);
  });
});

it("says what it does not know", async () => {
  await create();
  expect(await answer("fly")).toBe('unknown command "fly"; help lists the commands\n');
  expect(await answer("constructor")).toMatch(/unknown command/);
  expect(await answer("info")).toMatch(/info "" is not known/);
  expect(await answer("  ")).toBe("");
  const help = await answer("help");
  for (const command of ["savevm", "sendkey", "info mem", "balloon"]) expect(help).toContain(command);
});
