import { describe, expect, test } from "vitest";
import { assemble } from "../isa/assembler/assemble.ts";
import { linkElf } from "../isa/assembler/elf.ts";
import { ArenaFull } from "../memory/arena.ts";
import { RefusedError, UsageError } from "../messages/errors.ts";
import { Machine } from "./machine.ts";
import type { MachineOptions } from "./machine-options.ts";
import { MemoryDisk } from "./memory-disk.ts";

const EXIT = `
pass: li a0, 1
exit: la t0, tohost
      sd a0, 0(t0)
spin: j spin
      .data
      .align 3
      .globl tohost
tohost: .dword 0
`;

const host = (milliseconds: () => number) => ({
  milliseconds,
  now: () => 0n,
  entropy: (into: Uint8Array) => into.fill(7),
  nextTurn: () => new Promise<void>((resolve) => setImmediate(resolve)),
});

/** A machine that starts a bare image, in virtual time unless told otherwise. */
async function machine(text: string, options: Partial<MachineOptions> & { base?: bigint } = {}) {
  const { base = 0x8000_0000n, ...others } = options;
  const bytes = linkElf(assemble(text), { base });
  let printed = "";
  const made = await Machine.create({
    memory: 4 << 20,
    boot: { bios: "none", kernel: { name: "test.elf", bytes } },
    deterministic: true,
    host: host(() => performance.now()),
    print: (output) => {
      printed += String.fromCharCode(...output);
    },
    ...others,
  });
  return { machine: made, hart: made.board.harts[0], printed: () => printed };
}

const off = (exitCode: number) => ({ reason: "off", exitCode });

describe("a bare image", () => {
  test("starts in M-mode at its entry with a0 the hart's number and a1 the device tree", async () => {
    const { machine: made } = await machine(`
      .globl _start
      nop
_start: 
      lwu t0, 0(a1)
      li t1, 0xedfe0dd0
      sub t0, t0, t1
      or a0, a0, t0
      slli a0, a0, 1
      ori a0, a0, 1
      j exit
      ${EXIT}`);
    expect(made.board.harts[0].pc).toBe(0x8000_0004n);
    expect(await made.run({ instructions: 1000 })).toEqual(off(0));
  });

  test("ends with the code that it reports", async () => {
    const { machine: made } = await machine(`_start: li a0, 85\n j exit\n ${EXIT}`);
    expect(await made.run({ instructions: 1000 })).toEqual(off(42));
  });

  test("runs no longer than it may", async () => {
    const { machine: made } = await machine(`_start: j _start\n ${EXIT}`);
    expect(await made.run({ instructions: 123_456 })).toEqual({ reason: "instructions" });
    expect(made.board.harts[0].retired).toBe(123_456);
  });

  test("that waits for nothing that can come is reported", async () => {
    const { machine: made } = await machine(`_start: wfi\n j _start\n ${EXIT}`);
    expect(await made.run({ instructions: 1_000_000 })).toEqual({ reason: "idle" });
  });

  test("must lie in RAM", async () => {
    await expect(machine(`_start: nop\n${EXIT}`, { base: 0x1000_0000n })).rejects.toThrow(
      /test\.elf.*segment 0.*RAM/,
    );
    await expect(machine(`_start: nop\n.data\n.space 0x800000\n${EXIT}`)).rejects.toThrow(/segment/);
  });
});

describe("the console", () => {
  test("prints what the UART sends and delivers what is typed", async () => {
    const { machine: made, printed } = await machine(`
_start: li s0, 0x10000000
wait: lbu t0, 5(s0)
      andi t0, t0, 1
      beqz t0, wait
      lbu a0, 0(s0)
      sb a0, 0(s0)
      li t1, '.'
      bne a0, t1, wait
      j pass
      ${EXIT}`);
    made.type("echo.");
    expect(await made.run({ instructions: 1_000_000 })).toEqual(off(0));
    expect(printed()).toBe("echo.");
  });
});

/** Ends with the number of ticks by which a timer set 1000 ticks ahead was late. */
const TIMER = `
_start: la t0, handler
      csrw mtvec, t0
      li s0, 0x02000000
      li t0, 0xbff8
      add s1, s0, t0
      ld s2, 0(s1)
      addi s2, s2, 1000
      li t0, 0x4000
      add t0, t0, s0
      sd s2, 0(t0)
      li t0, 0x80
      csrw mie, t0
      csrsi mstatus, 8
idle: wfi
      j idle
      .align 2
handler: csrr a0, time
      sub a0, a0, s2
      slli a0, a0, 1
      ori a0, a0, 1
      j exit
      ${EXIT}`;

describe("time", () => {
  test("goes on to the timer while the hart waits, and is the same in every run", async () => {
    const runs = [];
    for (let i = 0; i < 2; i++) {
      const { machine: made } = await machine(TIMER);
      runs.push([await made.run(), made.board.retired, made.board.clint.mtime]);
    }
    expect(runs[0][0]).toEqual(off(0));
    expect(runs[1]).toEqual(runs[0]);
  });

  test("interrupts a busy hart when it is due", async () => {
    const { machine: made } = await machine(TIMER.replace("idle: wfi", "idle: nop"));
    const end = await made.run({ instructions: 1_000_000 });
    expect(end.reason === "off" && end.exitCode <= 1).toBe(true);
  });

  test("may be the host's: a machine that waits sleeps", async () => {
    const { machine: made } = await machine(TIMER, { deterministic: false });
    const { reason } = await made.run();
    expect(reason).toBe("off");
  });
});

/** Counts in memory and prints a letter now and then, for ever. */
const COUNTING = `
_start: la s0, count
      li s1, 0x10000000
      li s2, 'a'
loop: ld t0, 0(s0)
      addi t0, t0, 1
      sd t0, 0(s0)
      li t1, 50000
      rem t1, t0, t1
      bnez t1, loop
      sb s2, 0(s1)
      addi s2, s2, 1
      j loop
      .data
      .align 12
count: .dword 0`;

describe("a saved machine", () => {
  const surroundings = (print: (bytes: Uint8Array) => void = () => {}) => ({
    host: host(() => performance.now()),
    print,
  });

  test("goes on from its file as it would have gone on itself", async () => {
    const { machine: made, printed } = await machine(COUNTING, { harts: 2 });
    await made.run({ instructions: 1_234_567 });
    const before = printed();
    const file = await made.save();
    let text = "";
    const loaded = await Machine.load(
      file,
      "file",
      surroundings((bytes) => {
        text += String.fromCharCode(...bytes);
      }),
    );
    for (const each of [made, loaded]) await each.run({ instructions: 2_345_678 });
    expect(before.length).toBeGreaterThan(1);
    expect(before + text).toBe(printed());
    expect(loaded.board.harts.map(({ pc, retired }) => [pc, retired])).toEqual(
      made.board.harts.map(({ pc, retired }) => [pc, retired]),
    );
    expect(await loaded.save()).toEqual(await made.save());
  });

  test("can be forked: both go on by themselves, in memory that they share until they write", async () => {
    const { machine: made } = await machine(COUNTING);
    await made.run({ instructions: 500_000 });
    const { residentPages } = made.board.ram;
    const twin = await made.fork(surroundings());
    const { retired } = made.board;
    await made.run({ instructions: 300_000 });
    expect(twin.board.retired).toBe(retired);
    await twin.run({ instructions: 300_000 });
    expect(await twin.save()).toEqual(await made.save());
    expect(twin.board.ram.residentPages).toBe(residentPages);
  });

  test("that was damaged is refused in one line", async () => {
    const { machine: made } = await machine(COUNTING);
    const file = await made.save();
    const load = (bytes: Uint8Array<ArrayBuffer>) => Machine.load(bytes, "file", surroundings());
    await expect(load(file.slice(0, 20))).rejects.toThrow("file: not a saved machine");
    await expect(load(file.slice(0, -1))).rejects.toThrow("file: the saved machine is damaged");
    for (const at of [9, 12, 16, 24, 200, file.length - 5000, file.length - 1]) {
      const broken = file.slice();
      broken[at] ^= 0x10;
      const error = await load(broken).then(
        () => undefined,
        (thrown) => thrown,
      );
      expect(error).toBeInstanceOf(RefusedError);
      expect(error.message).toMatch(/^file: .*(damaged|version)[^\n]*$/);
    }
  });

  test("needs the devices that it was saved with", async () => {
    const { machine: made } = await machine(COUNTING);
    const drives = [new MemoryDisk(4096)];
    await expect(Machine.load(await made.save(), "file", { ...surroundings(), drives })).rejects.toThrow(
      "file: saved with nothing in virtio slot 0, where this machine has virtio-blk",
    );
  });
});

describe("what a machine and its forks share", () => {
  const surroundings = () => ({ host: host(() => performance.now()) });
  /** Touches one page of RAM after the other, then starts again. */
  const TOUCHING = `
_start: li t0, 0x80010000
      li t1, 0x803f0000
      li t2, 4096
next: sd t0, 0(t0)
      add t0, t0, t2
      bltu t0, t1, next
      j _start`;
  /** Takes what is left, without touching it. */
  function fill({ board }: Machine): void {
    for (let size = 2 ** 30; size >= 4096; size /= 2) {
      try {
        for (;;) board.ram.arena.reserve(size, 8);
      } catch (error) {
        if (!(error instanceof ArenaFull)) throw error;
      }
    }
  }

  test("comes back when a fork is closed", async () => {
    const { machine: made } = await machine(TOUCHING, { harts: 2 });
    await made.run({ instructions: 10_000 });
    const places: number[] = [];
    for (let i = 0; i < 20; i++) {
      const forks = [await made.fork(surroundings()), await made.fork(surroundings())];
      for (const fork of forks) await fork.run({ instructions: 5000 });
      for (const fork of forks) await fork.close();
      places.push(made.board.ram.arena.reserve(12_345, 8));
    }
    // Behind what is in use: nothing has this size.
    expect(places[19] - places[0]).toBeLessThan(1 << 20);
    await expect(made.run({ instructions: 10_000 })).resolves.toEqual({ reason: "instructions" });
  });

  test("is used to its end: a fork lives above 2 GiB as it does below", async () => {
    const { machine: made, printed } = await machine(COUNTING, { harts: 2 });
    await made.run({ instructions: 300_000 });
    const before = printed();
    made.board.ram.arena.reserve(2 ** 31, 8);
    let text = "";
    const fork = await made.fork({
      ...surroundings(),
      print: (bytes) => {
        text += String.fromCharCode(...bytes);
      },
    });
    for (const each of [made, fork]) await each.run({ instructions: 1_000_000 });
    expect(before + text).toBe(printed());
    expect(Buffer.compare(await fork.save(), await made.save())).toBe(0);
  });

  test("is refused when it is used up, in a run and to a fork; others go on", async () => {
    const { machine: made } = await machine(TOUCHING);
    await made.run({ instructions: 10_000 });
    const fork = await made.fork(surroundings());
    fill(made);
    const refused = /used up the 4 GiB that they share/;
    await expect(made.fork(surroundings())).rejects.toThrow(refused);
    for (let i = 0; i < 2; i++) {
      const error = await fork.run({ instructions: 100_000 }).catch((thrown) => thrown);
      expect(error).toBeInstanceOf(RefusedError);
      expect(error.message).toMatch(refused);
    }
    await expect(fork.save()).rejects.toThrow(refused);
    await fork.close();
    await expect(made.run({ instructions: 100_000 })).resolves.toEqual({ reason: "instructions" });
  });

  test("is not needed to decode code anew", async () => {
    const { machine: made } = await machine(`
_start: li t0, 0x80100000
      li t1, 0x80140000
      li t2, 4096
      li t3, 0x00008067 # ret
next: sw t3, 0(t0)
      fence.i
      jalr ra, 0(t0)
      add t0, t0, t2
      bltu t0, t1, next
      j pass
      ${EXIT}`);
    await made.run({ instructions: 12 });
    fill(made);
    expect(await made.run({ instructions: 10_000 })).toEqual(off(0));
  });
});

test("nothing else is done with a machine while it runs", async () => {
  const { machine: made } = await machine(COUNTING, { deterministic: false });
  const running = made.run();
  for (const act of [() => made.run(), () => made.save(), () => made.fork({ host: host(() => 0) })])
    await expect(act()).rejects.toThrow(UsageError);
  made.stop();
  expect(await running).toEqual({ reason: "stopped" });
  expect((await made.save()).length).toBeGreaterThan(4096);
});

test("a reset starts over, with RAM as it was", async () => {
  const { machine: made, printed } = await machine(`
_start: la s0, again
      lw t0, 0(s0)
      bnez t0, pass
      li t0, 1
      sw t0, 4(s0)
      li s1, 0x10000000
      li t1, 'x'
      sb t1, 0(s1)
      li t0, 0x100000
      li t1, 0x7777
      sw t1, 0(t0)
      .data
again: .word 0, 0
      .text
      ${EXIT}`);
  await made.run({ text: "xxx" });
  expect(printed()).toBe("xxx");
});
