import { describe, expect, test } from "vitest";
import { call, EID, record, recorded, runKernel } from "./firmware-fixture.ts";

const NOT_SUPPORTED = -2n;
const INVALID_PARAM = -3n;

const words = (...values: (number | bigint)[]) => values.map(BigInt);
const errors = (records: readonly bigint[]) => records.filter((_, i) => i % 2 === 0);
const start = (hart: number, label: string) => call(EID.hsm, 0, hart, label, 0);
/** Waits until the word at a label is a number. */
const until = (label: string, value: number) =>
  `1: la t0, ${label}\n ld t0, 0(t0)\n li t1, ${value}\n bne t0, t1, 1b\n`;
const set = (label: string, value: number) => `la t0, ${label}\n li t1, ${value}\n sd t1, 0(t0)\n fence\n`;

describe("IPI", () => {
  test.each([
    ["by mask", call(EID.ipi, 0, 0b1010, 0)],
    ["from a base", call(EID.ipi, 0, 0b101, 1)],
    ["by the legacy call", call(4, 0, "mask")],
  ])("reaches the harts that are meant, %s", async (_, send) => {
    const { records } = await runKernel(
      `${[1, 2, 3].map((hart) => start(hart, "other")).join("")}
       ${until("ready", 3)}
       ${send} ${record("a0")}
       ${until("come", 2)}
       la t0, who
       ld t0, 0(t0)
       csrr t1, sip
       ${record("t0", "t1")}`,
      `other:  li t0, 2
               csrs sie, t0
               mv s2, a0
               la t0, ready
               li t1, 1
               amoadd.d zero, t1, (t0)
       1:      wfi
               csrr t0, sip
               andi t0, t0, 2
               beqz t0, 1b
               la t0, who
               li t1, 1
               sll t1, t1, s2
               amoor.d zero, t1, (t0)
               la t0, come
               li t1, 1
               amoadd.d zero, t1, (t0)
       2:      j 2b
               .data
               .balign 8
       ready:  .dword 0
       come:   .dword 0
       who:    .dword 0
       mask:   .dword 0b1010
               .text`,
      { harts: 4 },
    );
    expect(records).toEqual(words(0, 0b1010, 0));
  });

  test("reaches the caller, and the legacy call takes it back", async () => {
    const { records } = await runKernel(
      `${recorded(EID.ipi, 0, 1, 0)} csrr t0, sip
       ${record("t0")}
       ${call(3, 0)} csrr t0, sip
       ${record("a0", "t0")}
       ${call(3, 0)} ${record("a0")}
       ${recorded(EID.ipi, 0, 0, -1)} csrr t0, sip
       ${record("t0")}`,
    );
    expect(records).toEqual(words(0, 0, 2, 1, 0, 0, 0, 0, 2));
  });

  test("refuses harts that are not there", async () => {
    const sets: [number | bigint, number][] = [
      [0b100, 0],
      [1, 2],
      [0b11, 1],
      [1, 64],
      [1n << 63n, 1],
      [1, -2],
    ];
    const none: [number, number][] = [
      [0, 0],
      [0, 99],
    ];
    const { records } = await runKernel(
      [...sets, ...none]
        .flatMap(([mask, base]) => [recorded(EID.ipi, 0, mask, base), recorded(EID.rfence, 0, mask, base)])
        .join(""),
      "",
      { harts: 2 },
    );
    expect(errors(records)).toEqual([...Array(12).fill(INVALID_PARAM), ...Array(4).fill(0n)]);
  });
});

/** Maps the gigabyte of RAM and of devices to itself, and one page at 0x40001000. */
const PAGE_TABLES = `
       .data
       .balign 4096
root:  .dword 0xcf, 0, 0, 0
       .space 4064
middle: .space 4096
leaf:  .space 4096
one:   .dword 1
       .space 4088
two:   .dword 2
       .space 4088
       .text
# map(a0: the page for 0x40001000)
map:   srli a0, a0, 2
       ori a0, a0, 0xc7
       la t0, leaf
       sd a0, 8(t0)
       ret
enable: la t0, root
       la t1, middle
       srli t2, t1, 2
       ori t2, t2, 1
       sd t2, 8(t0)
       li t2, 0x80000000 >> 2 | 0xcf
       sd t2, 16(t0)
       la t2, leaf
       srli t3, t2, 2
       ori t3, t3, 1
       sd t3, 0(t1)
       srli t0, t0, 12
       li t1, 8 << 60 | 5 << 44            # ASID 5
       or t0, t0, t1
       csrw satp, t0
       sfence.vma
       ret
`;

describe("RFENCE", () => {
  /** Hart 1 has read the page; hart 0 changes the mapping and fences; hart 1 reads again. */
  const remapped = (fence: string) =>
    runKernel(
      `la a0, one
       call map
       ${start(1, "reader")}
       ${until("phase", 1)}
       la a0, two
       call map
       ${fence} ${record("a0")}
       ${set("phase", 2)} ${until("phase", 3)}
       la t0, first
       ld t1, 0(t0)
       ld t2, 8(t0)
       ${record("t1", "t2")}`,
      `${PAGE_TABLES}
reader: call enable
       li s2, 0x40001000
       ld s3, 0(s2)
       ${set("phase", 1)} ${until("phase", 2)}
       ld s4, 0(s2)
       la t0, first
       sd s3, 0(t0)
       sd s4, 8(t0)
       ${set("phase", 3)}
stay:  wfi
       j stay
       .data
       .balign 4096
phase: .dword 0
first: .dword 0, 0
mask:  .dword 2
       .text`,
      { harts: 2 },
    );
  const page = 0x4000_1000;

  test.each([
    ["everything", call(EID.rfence, 1, 2, 0, 0, 0)],
    ["everything, by size", call(EID.rfence, 1, 2, 0, 0, -1)],
    ["a range", call(EID.rfence, 1, 2, 0, page, 4096)],
    ["a range that begins inside the page", call(EID.rfence, 1, 2, 0, page + 8, 1)],
    ["a range that ends in the page", call(EID.rfence, 1, 2, 0, page - 4096, 4097)],
    ["a large range", call(EID.rfence, 1, 2, 0, 0x4000_0000, 1 << 28)],
    ["a range past the last address", call(EID.rfence, 1, 2, 0, page, -4096)],
    ["all harts", call(EID.rfence, 1, 0, -1, page, 4096)],
    ["one address space", call(EID.rfence, 2, 2, 0, 0, 0, 5)],
    ["a range of one address space", call(EID.rfence, 2, 2, 0, page, 4096, 5)],
    ["legacy", call(6, 0, "mask", page, 4096)],
    ["legacy, all harts", call(6, 0, 0, 0, 0)],
    ["legacy, one address space", call(7, 0, "mask", page, 4096, 5)],
  ])("SFENCE.VMA on another hart: %s", async (_, fence) => {
    expect((await remapped(fence)).records).toEqual(words(0, 1, 2));
  });

  test.each([
    ["another page", call(EID.rfence, 1, 2, 0, page + 4096, 4096)],
    ["another address space", call(EID.rfence, 2, 2, 0, page, 4096, 6)],
    ["another hart", call(EID.rfence, 1, 1, 0, 0, 0)],
    ["nothing", call(EID.rfence, 1, 2, 0, page, 0)],
  ])("fences no more than asked: %s", async (_, fence) => {
    // This machine keeps what was not fenced; others may not.
    expect((await remapped(fence)).records).toEqual(words(0, 1, 1));
  });

  test.each([
    ["FENCE.I", call(EID.rfence, 0, 2, 0)],
    ["legacy", call(5, 0, "mask")],
  ])("%s on another hart", async (_, fence) => {
    const { records } = await runKernel(
      `${start(1, "runner")} ${until("phase", 1)}
       la t0, code
       li t1, 0x00200513                   # li a0, 2
       sw t1, 0(t0)
       ${fence} ${record("a0")}
       ${set("phase", 2)} ${until("phase", 3)}
       la t0, result
       ld t0, 0(t0)
       ${record("t0")}`,
      `runner: la sp, stack + 4096
       la s2, code
       jalr s2
       mv s3, a0
       ${set("phase", 1)} ${until("phase", 2)}
       jalr s2
       slli a0, a0, 4
       or a0, a0, s3
       la t0, result
       sd a0, 0(t0)
       ${set("phase", 3)}
stay:  j stay
       .section .wtext, "ax"
       .balign 4096
code:  li a0, 1
       ret
       .data
       .balign 8
phase: .dword 0
result: .dword 0
mask:  .dword 2
       .text`,
      { harts: 2 },
    );
    expect(records).toEqual(words(0, 0x21));
  });

  test("has nothing for hypervisors, and ASIDs have 16 bits", async () => {
    const { records } = await runKernel(
      [3, 4, 5, 6].map((fid) => recorded(EID.rfence, fid, 1, 0, 0, 0, 0)).join("") +
        recorded(EID.rfence, 2, 1, 0, 0, 0, 0x1_0000) +
        recorded(EID.rfence, 2, 1, 0, 0, 0, 0xffff),
    );
    expect(errors(records)).toEqual([...Array(4).fill(NOT_SUPPORTED), INVALID_PARAM, 0n]);
  });

  test("harts that fence each other all come through", async () => {
    const ROUNDS = 100;
    const rounds = `
       li s2, ${ROUNDS}
1:     ${call(EID.rfence, 1, 0, -1, 0, 0)}
       bnez a0, stay
       ${call(EID.ipi, 0, 0, -1)}
       ${call(EID.rfence, 0, 0, -1)}
       addi s2, s2, -1
       bnez s2, 1b
       la t0, done
       li t1, 1
       amoadd.d zero, t1, (t0)
       ${call(EID.ipi, 0, 1, 0)}
`;
    const { records, power } = await runKernel(
      `${[1, 2, 3].map((hart) => start(hart, "other")).join("")} ${rounds}
       li t0, 2
       csrs sie, t0
1:     csrci sip, 2
       la t0, done
       ld t0, 0(t0)
       li t1, 4
       beq t0, t1, 2f
       wfi                                 # one that spins takes turns from those that still fence
       j 1b
2:     ${record("t0")}`,
      `other: ${rounds}
stay:  wfi
       j stay
       .data
       .balign 8
done:  .dword 0
       .text`,
      { harts: 4 },
    );
    expect(records).toEqual([4n]);
    expect(power).toBeDefined();
  });
});

describe("a legacy hart mask", () => {
  const CAUGHT = `.balign 4
catch: csrr t0, scause
       csrr t1, stval
       csrr t2, sepc
       ${record("t0", "t1", "t2")}
       j finish
       ${PAGE_TABLES}`;
  const setUp = "la t0, catch\n csrw stvec, t0\n";

  test("is read as the kernel's loads are", async () => {
    const { records } = await runKernel(
      `la a0, one
       call map
       call enable
       ${call(4, 0, 0x4000_1000)} csrr t0, sip
       ${record("a0", "t0")}`,
      PAGE_TABLES,
    );
    expect(records).toEqual(words(0, 2));
  });

  test("may have bits of harts that are not there", async () => {
    const { records } = await runKernel(
      `${call(4, 0, "all")} csrr t0, sip\n${record("a0", "t0")}`,
      ".data\n.balign 8\nall: .dword -1\n.text\n",
    );
    expect(records).toEqual(words(0, 2));
  });

  test("that cannot be read gives the kernel a page fault at its call", async () => {
    const { records, symbols } = await runKernel(
      `${setUp} call enable
       la s2, here
       li a0, 0x40002000
       li a7, 4
here:  ecall`,
      CAUGHT,
    );
    expect(records).toEqual([13n, 0x4000_2000n, symbols.get("here")]);
  });

  test.each([0x8000_0000, 0x8100_0000])(
    "that is not the kernel's memory gives it an access fault: %i",
    async (address) => {
      const { records, symbols } = await runKernel(
        `${setUp} li a0, ${address}
       li a7, 6
here:  ecall`,
        CAUGHT,
      );
      expect(records).toEqual([5n, BigInt(address), symbols.get("here")]);
    },
  );
});
