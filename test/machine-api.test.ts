import { expect, test } from "vitest";
import {
  assemble,
  cable,
  linkElf,
  Machine,
  MemoryDisk,
  nodeHost,
  OverlayDisk,
  pageMap,
  RefusedError,
  Switch,
  UsageError,
  viewDevices,
  viewHart,
  viewInterrupts,
  viewMemory,
} from "../src/index.ts";

/** The public API as somebody uses it who has read nothing else. */

/** Greets, reads a line and says it again, and switches off with 3. */
const ECHO = `
        .globl _start
_start: li s0, 0x10000000
        la s1, text
        li s2, 0x1234
greet:  lbu t0, 0(s1)
        beqz t0, line
        sb t0, 0(s0)
        addi s1, s1, 1
        j greet
line:   lbu t0, 5(s0)
        andi t0, t0, 1
        beqz t0, line
        lbu t0, 0(s0)
        sb t0, 0(s0)
        li t1, 10
        bne t0, t1, line
        li t0, 0x100000
        li t1, 0x33333
        sw t1, 0(t0)
stop:   j stop
        .data
text:   .asciz "what? "
`;

function program(text: string) {
  return { name: "program.elf", bytes: linkElf(assemble(text), { base: 0x8000_0000n }) };
}

function echoMachine(options: Partial<Parameters<typeof Machine.create>[0]> = {}) {
  let printed = "";
  const made = Machine.create({
    memory: 1 << 20,
    boot: { bios: "none", kernel: program(ECHO) },
    deterministic: true,
    host: nodeHost,
    print: (bytes) => {
      printed += new TextDecoder().decode(bytes);
    },
    ...options,
  });
  return { made, printed: () => printed };
}

test("a machine is run until something happens, typed to, and looked at", async () => {
  const { made, printed } = echoMachine();
  const machine = await made;
  expect(await machine.run({ instructions: 5 })).toEqual({ reason: "instructions" });
  expect(await machine.run({ text: /what\?/, milliseconds: 100 })).toEqual({ reason: "text" });
  expect(await machine.run({ milliseconds: 2 })).toEqual({ reason: "milliseconds" });
  const { board } = machine;
  expect(board.harts[0].x(18)).toBe(0x1234n);
  expect(board.ram.read(0x8000_0000, 2)).toHaveLength(2);
  expect(board.harts[0].pc).toBeGreaterThan(0x8000_0000n);
  expect(viewHart(board.harts[0])).toMatchObject({ id: 0, privilege: "M" });
  expect(pageMap(board.harts[0])).toBeUndefined();
  expect(viewMemory(machine)).toMatchObject({ base: 0x8000_0000, size: 1 << 20, shared: 0 });
  expect(viewDevices(board).map(({ name }) => name)).toContain("virtio-console");
  expect(viewInterrupts(board).timers).toEqual([
    { hart: 0, mtimecmp: undefined, stimecmp: undefined, msip: false },
  ]);
  machine.type("hello\n");
  expect(await machine.run()).toEqual({ reason: "off", exitCode: 3 });
  expect(printed()).toBe("what? hello\n");
  await machine.close();
});

test("`stop` ends a run that nothing else would end", async () => {
  const machine = await echoMachine({ deterministic: false }).made;
  setTimeout(() => machine.stop(), 10);
  expect(await machine.run()).toEqual({ reason: "stopped" });
  await machine.close();
});

test("saved, loaded and forked machines go on from the same place, each by itself", async () => {
  const { made } = echoMachine();
  const machine = await made;
  await machine.run({ text: "what? " });
  const answers: string[] = [];
  const around = (index: number) => ({
    host: nodeHost,
    print: (bytes: Uint8Array) => {
      answers[index] = (answers[index] ?? "") + new TextDecoder().decode(bytes);
    },
  });
  const loaded = await Machine.load(await machine.save(), "file", around(0));
  const forked = await machine.fork(around(1));
  // The fork does not need the machine that it came from.
  await machine.close();
  loaded.type("loaded\n");
  forked.type("forked\n");
  for (const each of [loaded, forked]) {
    expect(await each.run()).toEqual({ reason: "off", exitCode: 3 });
    await each.close();
  }
  expect(answers).toEqual(["loaded\n", "forked\n"]);
});

test("what a closed machine is asked for is refused", async () => {
  const machine = await echoMachine().made;
  await machine.close();
  await machine.close();
  for (const use of [machine.run(), machine.save(), machine.fork({ host: nodeHost })])
    await expect(use).rejects.toThrow(new UsageError("the machine has been closed"));
});

test("machines that there cannot be are refused with typed errors", async () => {
  const create = (options: object) => echoMachine(options).made;
  for (const options of [
    { memory: 5000 },
    { memory: 1e12 },
    { memory: Number.NaN },
    { harts: 0 },
    { harts: 9 },
  ])
    await expect(create(options)).rejects.toBeInstanceOf(UsageError);
  await expect(create({ boot: { bios: "builtin" } })).rejects.toBeInstanceOf(UsageError);
  const drives = Array.from({ length: 9 }, () => new MemoryDisk(512));
  await expect(create({ drives })).rejects.toBeInstanceOf(RefusedError);
  const broken = { name: "broken.elf", bytes: program(ECHO).bytes.slice(0, 100) };
  await expect(create({ boot: { bios: "none", kernel: broken } })).rejects.toBeInstanceOf(RefusedError);
  await expect(Machine.load(new Uint8Array(3), "file", { host: nodeHost })).rejects.toBeInstanceOf(
    RefusedError,
  );
});

test("disks, cables and switches are there to connect it to", async () => {
  const [port] = cable();
  const overlay = new OverlayDisk(new MemoryDisk(1 << 20));
  const devices = ["virtio-gpu", "virtio-balloon"] as const;
  const machine = await echoMachine({ drives: [overlay, overlay.fork()], network: port, devices }).made;
  expect(machine.devices.gpu?.screenshot()).toBeUndefined();
  expect(machine.board.virtio[0].describe()).toMatchObject({ device: "virtio-blk", version: 2 });
  await machine.close();
  const other = await echoMachine({ network: new Switch().port() }).made;
  expect(other.attended).toBe(true);
  await other.close();
});
