import { describe, expect, test } from "vitest";
import { parseElf } from "../loader/elf.ts";
import { builtinFirmware, FIRMWARE_MEMORY } from "./firmware.ts";
import { call, EID, record, recorded, runKernel } from "./firmware-fixture.ts";

const NOT_SUPPORTED = -2n;
const INVALID_PARAM = -3n;
const INVALID_ADDRESS = -5n;
const ALREADY_AVAILABLE = -6n;

const off = { kind: "poweroff", code: 0 };
const words = (...values: (number | bigint)[]) => values.map(BigInt);
/** Of records in pairs, the errors. */
const errors = (records: readonly bigint[]) => records.filter((_, i) => i % 2 === 0);
const values = (records: readonly bigint[]) => records.filter((_, i) => i % 2 === 1);

/** A trap handler that keeps scause, stval, sepc and sstatus and goes on at `caught`. */
const CATCH = `
         .balign 4
catch:   csrr t0, scause
         csrr t1, stval
         csrr t2, sepc
         csrr t3, sstatus
         ${record("t0", "t1", "t2", "t3")}
         la t0, caught
         csrw sepc, t0
         li t0, 0x100
         csrs sstatus, t0
         sret`;
const SET_CATCH = "la t0, catch\n csrw stvec, t0\n";

test("the firmware stays in the memory that it closes", async () => {
  const image = await parseElf(builtinFirmware(), "firmware", { bare: true });
  expect(image.entry).toBe(FIRMWARE_MEMORY.start);
  expect(image.start).toBe(FIRMWARE_MEMORY.start);
  expect(image.end).toBeLessThanOrEqual(FIRMWARE_MEMORY.start + FIRMWARE_MEMORY.size);
});

describe("the kernel", () => {
  test("starts in S-mode as the specification has it", async () => {
    const { records, symbols, power } = await runKernel(
      record("a0", "a1") +
        ["satp", "sie", "sip", "sscratch"].map((csr) => `csrr t0, ${csr}\n${record("t0")}`).join(""),
    );
    expect(records).toEqual([0n, expect.any(BigInt), 0n, 0n, 0n, 0n]);
    expect(Number(records[1]) % (2 << 20)).toBe(0);
    expect(symbols.get("_start")).toBe(0x8020_0000n);
    expect(power).toEqual(off);
  });

  test("reads counters, and may let user mode read them", async () => {
    const { records } = await runKernel(
      ["cycle", "time", "instret"].map((csr) => `csrr t0, ${csr}\nsnez t0, t0\n${record("t0")}`).join(""),
    );
    expect(records).toEqual([1n, expect.any(BigInt), 1n]);
  });

  test.each([
    ["sd zero, 0(s2)", 7],
    ["ld t0, 0(s2)", 5],
    ["jr s2", 1],
  ])("cannot get at the firmware's memory: %s", async (access, cause) => {
    for (const address of [0x8000_0000, 0x8001_fff8]) {
      const { records } = await runKernel(`${SET_CATCH} li s2, ${address}\n ${access}\n caught:`, CATCH);
      expect(records.slice(0, 2)).toEqual(words(cause, address));
    }
  });

  test("may use the memory behind it", async () => {
    const { records } = await runKernel(`li t0, 0x80020000\n sd t0, 0(t0)\n ld t1, 0(t0)\n ${record("t1")}`);
    expect(records).toEqual([0x8002_0000n]);
  });

  test("gets the exceptions that are not delegated, from S-mode and from U-mode", async () => {
    const { records, symbols } = await runKernel(
      `${SET_CATCH}
       csrsi sstatus, 2
       j bad
caught: lla t0, caught_2
       la t1, catch_2
       csrw stvec, t1
       la t0, bad
       csrw sepc, t0
       li t0, 0x100
       csrc sstatus, t0
       sret
caught_2:`,
      `${CATCH}
bad:     .word 0xffffffff
         .balign 4
catch_2: csrr t0, scause
         csrr t1, sstatus
         ${record("t0", "t1")}
         j caught_2`,
    );
    const [cause, tval, epc, status, causeFromUser, statusFromUser] = records;
    expect([cause, tval, epc]).toEqual([2n, 0xffff_ffffn, symbols.get("bad")]);
    // SPP, SPIE and SIE.
    expect(status & 0x122n).toBe(0x120n);
    expect(causeFromUser).toBe(2n);
    expect(statusFromUser & 0x100n).toBe(0n);
  });
});

describe("calls", () => {
  test("Base says what is there", async () => {
    const { records } = await runKernel([0, 1, 2, 4, 5, 6].map((fid) => recorded(EID.base, fid)).join(""));
    expect(errors(records)).toEqual(words(0, 0, 0, 0, 0, 0));
    expect(values(records)).toEqual(words(2 << 24, 0x524b, 1, 0, 0, 0));
  });

  test("probing finds the extensions and no others", async () => {
    const known = [...Object.values(EID), 0, 8];
    const unknown = [9, 0xf, 0x504d55, 0x53555350, -1];
    const { records } = await runKernel(
      [...known, ...unknown].map((eid) => recorded(EID.base, 3, eid)).join(""),
    );
    expect(values(records)).toEqual([...known.map(() => 1n), ...unknown.map(() => 0n)]);
  });

  test("that do not exist are not supported", async () => {
    const beyond = { base: 7, time: 1, ipi: 1, rfence: 3, hsm: 4, srst: 1, dbcn: 3 };
    const calls = (Object.keys(EID) as (keyof typeof EID)[]).flatMap((name) => [
      recorded(EID[name], beyond[name]),
      recorded(EID[name], -1),
    ]);
    const { records } = await runKernel([...calls, recorded(9, 0), recorded(0x504d55, 0)].join(""));
    expect(errors(records)).toEqual(Array(16).fill(NOT_SUPPORTED));
  });

  test("keep every register but a0 and a1, and legacy ones a1 too", async () => {
    const kept = Array.from({ length: 31 }, (_, i) => i + 1).filter((x) => ![10, 11, 16, 17, 27].includes(x));
    const fill = kept.map((x) => `li x${x}, ${x * 1001}\n`).join("");
    const check = kept.map((x) => `addi x${x}, x${x}, ${-((x * 1001) & 0x3ff)}\n${record(`x${x}`)}`).join("");
    const { records } = await runKernel(
      `${fill} li a0, 0\n li a7, 2\n li a1, 77\n ecall\n ${record("a1")} li a7, 0x10\n li a6, 1\n ecall\n ${check}`,
    );
    expect(records).toEqual(words(77, ...kept.map((x) => x * 1001 - ((x * 1001) & 0x3ff))));
  });
});

describe("TIME", () => {
  const wait = `
    li t0, 0x20
    csrs sie, t0
1:  wfi
    csrr t0, sip
    andi t0, t0, 0x20
    beqz t0, 1b
    csrr t1, time
    ${record("t1")}`;

  test.each([
    ["set_timer", EID.time],
    ["the legacy call", 0],
  ])("%s interrupts when its time has come, and the next call takes that back", async (_, eid) => {
    const { records } = await runKernel(`
      csrr s2, time
      li t0, 50000
      add s2, s2, t0
      mv a0, s2
      ${call(eid, 0)} ${record("a0", "s2")}
      ${wait}
      li a0, -1
      ${call(eid, 0)}
      csrr t0, sip
      ${record("t0")}
      li a0, 0
      ${call(eid, 0)}
      csrr t0, sip
      ${record("t0")}`);
    const [error, asked, came, after, past] = records;
    expect(error).toBe(0n);
    expect(came).toBeGreaterThanOrEqual(asked);
    expect(came).toBeLessThan(asked + 1000n);
    expect(after).toBe(0n);
    expect(past).toBe(0x20n);
  });
});

describe("the console", () => {
  const TEXT = `.data\n text: .ascii "Hi there?"\n .bss\n buffer: .space 16\n .text\n`;

  test("DBCN writes and reads memory", async () => {
    const { records, printed, board, symbols } = await runKernel(
      `${recorded(EID.dbcn, 0, 9, "text", 0)}
       ${recorded(EID.dbcn, 2, 0x3141, 0, 0)}
  1:   ${call(EID.dbcn, 1, 16, "buffer", 0)}
       beqz a1, 1b
       ${record("a0", "a1")}`,
      TEXT,
      { input: "xyz" },
    );
    expect(printed).toBe("Hi there?A");
    expect(records.slice(0, 4)).toEqual(words(0, 9, 0, 0));
    expect(records[4]).toBe(0n);
    const read = Number(records[5]);
    expect(new TextDecoder().decode(board.ram.read(Number(symbols.get("buffer")), read))).toBe(
      "xyz".slice(0, read),
    );
  });

  test("DBCN refuses what is not the kernel's memory", async () => {
    const end = 0x8100_0000;
    const ranges: [number, number | bigint, number][] = [
      [1, 0x8000_0000, 0],
      [8, 0x8001_fffc, 0],
      [1, 0, 0],
      [1, 0x1000_0000, 0],
      [8, end - 4, 0],
      [1, end, 0],
      [1, 0x8020_0000, 1],
      [-1, 0x8020_0000, 0],
      [16, -8, 0],
    ];
    const calls = ranges.flatMap(([size, at, high]) =>
      [0, 1].map((fid) => recorded(EID.dbcn, fid, size, at, high)),
    );
    const { records, printed } = await runKernel(calls.join(""));
    expect(errors(records)).toEqual(ranges.flatMap(() => [INVALID_PARAM, INVALID_PARAM]));
    expect(printed).toBe("");
  });

  test("DBCN writes up to the last byte of RAM", async () => {
    const { records } = await runKernel(
      `li t0, 0x80fffff8\n li t1, 0x41\n sb t1, 7(t0)\n ${recorded(EID.dbcn, 0, 1, 0x80ff_ffff, 0)}${recorded(EID.dbcn, 0, 0, 0, 0)}`,
    );
    expect(records).toEqual(words(0, 1, 0, 0));
  });

  test("legacy calls print and read a byte", async () => {
    const { records, printed } = await runKernel(
      `${call(2, 0)} ${record("a0")} ${call(1, 0, 0x3f)} ${record("a0")}
  1:   ${call(2, 0)}
       bltz a0, 1b
       ${record("a0")}`,
      "",
      { input: "q" },
    );
    expect(printed).toBe("?");
    expect(records).toEqual(words(-1, 0, 0x71));
  });
});

describe("SRST", () => {
  test.each([
    [0, 0, off],
    [0, 1, { kind: "poweroff", code: 1 }],
    [1, 0, { kind: "reset" }],
    [2, 1, { kind: "reset" }],
  ])("type %i for reason %i", async (type, reason, event) => {
    const { power } = await runKernel(call(EID.srst, 0, type, reason));
    expect(power).toEqual(event);
  });

  test("refuses what is reserved or a vendor's", async () => {
    const pairs = [
      [3, 0],
      [0xf000_0000, 0],
      [0, 2],
      [0, 0xe000_0000],
    ];
    const { records } = await runKernel(
      pairs.map(([type, reason]) => recorded(EID.srst, 0, type, reason)).join(""),
    );
    expect(errors(records)).toEqual(Array(4).fill(INVALID_PARAM));
  });

  test("the legacy call shuts down", async () => {
    expect((await runKernel(call(8, 0))).power).toEqual(off);
  });
});

describe("HSM", () => {
  const status = (hart: number) => recorded(EID.hsm, 2, hart);
  /** Waits until a hart is in a state. */
  const until = (hart: number, state: number) =>
    `1: ${call(EID.hsm, 2, hart)} li t0, ${state}\n bne a1, t0, 1b\n`;

  test("knows the harts that there are", async () => {
    const { records } = await runKernel([0, 1, 3, 4, 7, 8, -1].map(status).join(""), "", { harts: 4 });
    expect(errors(records)).toEqual([0n, 0n, 0n, ...Array(4).fill(INVALID_PARAM)]);
    expect(values(records).slice(0, 3)).toEqual(words(0, 1, 1));
  });

  test("starts harts with a0, a1, translation and interrupts off, and again after they have stopped", async () => {
    const second = `
      hart:  la t0, seen
             slli t1, a0, 5
             add t0, t0, t1
             sd a0, 0(t0)
             sd a1, 8(t0)
             csrr t1, satp
             csrr t2, sie
             or t1, t1, t2
             csrr t2, sip
             or t1, t1, t2
             csrr t2, sstatus
             andi t2, t2, 2
             or t1, t1, t2
             sd t1, 16(t0)
             li t1, 0x20
             csrs sie, t1
             li t1, 2
             csrs sip, t1
             ${call(EID.time, 0, 0)}
             ${call(EID.hsm, 1)}
      stuck: j stuck
             .bss
             .balign 8
      seen:  .space 128
             .text`;
    const start = (hart: number, opaque: number) => recorded(EID.hsm, 0, hart, "hart", opaque);
    const { records, board, symbols } = await runKernel(
      `${start(1, 11)} ${until(1, 1)} ${start(3, 33)} ${until(3, 1)} ${start(1, 111)} ${until(1, 1)} ${status(2)}`,
      second,
      { harts: 4 },
    );
    expect(errors(records)).toEqual(words(0, 0, 0, 0));
    const seen = Array.from({ length: 16 }, (_, i) => board.ram.readU64(Number(symbols.get("seen")) + i * 8));
    expect(seen).toEqual(words(...Array(4).fill(0), 1, 111, 0, 0, ...Array(4).fill(0), 3, 33, 0, 0));
  });

  test("refuses to start what runs, is not there, or would not be in RAM", async () => {
    const { records } = await runKernel(
      recorded(EID.hsm, 0, 0, "_start", 0) +
        recorded(EID.hsm, 0, 1, "idle", 0) +
        recorded(EID.hsm, 0, 1, "idle", 0) +
        recorded(EID.hsm, 0, 2, "idle", 0) +
        recorded(EID.hsm, 0, 1, 0x8000_0000, 0) +
        recorded(EID.hsm, 0, 1, 0x1000_0000, 0) +
        recorded(EID.hsm, 0, 1, 0x8100_0000, 0),
      "idle: wfi\n j idle",
      { harts: 2 },
    );
    expect(errors(records)).toEqual([
      ALREADY_AVAILABLE,
      0n,
      ALREADY_AVAILABLE,
      INVALID_PARAM,
      INVALID_ADDRESS,
      INVALID_ADDRESS,
      INVALID_ADDRESS,
    ]);
  });

  const alarm = `csrr a0, time\n li t0, 20000\n add a0, a0, t0\n mv s2, a0\n ${call(EID.time, 0)} li t0, 0x20\n csrs sie, t0\n`;

  test("suspends until an interrupt and returns", async () => {
    const { records } = await runKernel(
      `${alarm} li s3, 99\n ${recorded(EID.hsm, 3, 0, 0, 0)} csrr t0, time\n sltu t0, t0, s2\n ${record("t0", "s3")}`,
    );
    expect(records).toEqual([0n, expect.any(BigInt), 0n, 99n]);
  });

  test("suspends without keeping registers and resumes elsewhere", async () => {
    const { records } = await runKernel(
      `${alarm} csrsi sstatus, 2\n mv s4, s2\n ${call(EID.hsm, 3, 0x8000_0000, "woken", 55)}
       j finish
woken: csrr t0, sstatus
       andi t0, t0, 2
       csrr t1, satp
       csrr t2, sip
       ${record("a0", "a1", "t0", "t1", "t2")}`,
    );
    expect(records).toEqual(words(0, 55, 0, 0, 0x20));
  });

  test("is suspended, as others see it, and woken by them", async () => {
    const { records } = await runKernel(
      `${call(EID.hsm, 0, 1, "sleeper", 0)} ${until(1, 4)}
       ${recorded(EID.rfence, 0, 2, 0)} ${status(1)}
       ${call(EID.ipi, 0, 2, 0)} ${until(1, 1)}`,
      `sleeper: li t0, 2
                csrs sie, t0
                ${call(EID.hsm, 3, 0, 0, 0)}
                ${call(EID.hsm, 1)}`,
      { harts: 2 },
    );
    // A fence alone does not wake it.
    expect(records).toEqual([0n, expect.any(BigInt), 0n, 4n]);
  });

  test("refuses reserved and unknown suspend types and bad addresses", async () => {
    const { records } = await runKernel(
      [1, 0x1000_0000, 0x8000_0001, 0x9000_0000]
        .map((type) => recorded(EID.hsm, 3, type, "_start", 0))
        .join("") + recorded(EID.hsm, 3, 0x8000_0000, 0x8000_0000, 0),
    );
    expect(errors(records)).toEqual([...Array(4).fill(INVALID_PARAM), INVALID_ADDRESS]);
  });
});
