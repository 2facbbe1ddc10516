import { describe, expect, it } from "vitest";
import { assemble } from "../../isa/assembler/assemble.ts";
import { linkElf } from "../../isa/assembler/elf.ts";
import { LoadError } from "../../loader/refuse.ts";
import { SeededRandom } from "../../random/seeded-random.ts";
import { type ScanResult, scanProgram } from "./scan.ts";

/** Programs of one file in assembly; what real programs make is compared with traces in test/guests. */
async function scan(text: string): Promise<ScanResult> {
  const bytes = linkElf(assemble(`.globl _start\n${text}`, { file: "test.S" }));
  return scanProgram({ program: { path: "/bin/test", bytes } }, { read: () => undefined });
}

/** Names, without that of the way back from signals, which every program has. */
const names = ({ syscalls }: ScanResult) =>
  syscalls.map(({ name }) => name).filter((name) => name !== "rt_sigreturn");
const why = ({ undecided }: ScanResult) => undecided.map((one) => one.why);

describe("the number of a call", () => {
  it("is found on every way to it", async () => {
    const result = await scan(`
      _start: beqz a0, other
        li a7, 63
        j call
      other: lui a7, 1
        addiw a7, a7, -2016
        addiw a7, a7, -2016     # 64
      call: ecall
        li a7, 93
        ecall`);
    expect(names(result)).toEqual(["read", "write", "exit"]);
    expect(why(result)).toEqual([]);
  });

  it("is found through the stack, moves and comparisons", async () => {
    const result = await scan(`
      _start: addi sp, sp, -32
        li t0, 56
        sd t0, 8(sp)
        mv s1, sp
        snez t1, a0
        ld t2, 8(s1)
        add a7, t2, t1          # 56 or 57
        ecall
        ret`);
    expect(names(result)).toEqual(["openat", "close"]);
    expect(why(result)).toEqual([]);
  });

  it("survives a call where the callee has to keep it, and only there", async () => {
    const result = await scan(`
      _start: li s0, 172
        li t0, 173
        call nothing
        mv a7, s0
        ecall
        mv a7, t0
        ecall
        ret
      nothing: ret`);
    expect(names(result)).toEqual(["getpid"]);
    expect(why(result)).toEqual(["the number comes from memory or from a calculation"]);
  });

  it("is not believed from the stack once something else may have written there", async () => {
    const result = await scan(`
      _start: addi sp, sp, -32
        li t0, 172
        sd t0, 8(sp)
        addi a0, sp, 8
        call change
        ld a7, 8(sp)
        ecall
        ret
      change: sd zero, 0(a0)
        ret`);
    expect(why(result)).toEqual(["the number comes from memory or from a calculation"]);
  });

  it("is not known where it is read from memory, and the place is named", async () => {
    const result = await scan(`
      _start: ld a7, 0(a0)
      here: ecall
        li a7, 93
        ecall`);
    expect(names(result)).toEqual(["exit"]);
    expect(result.undecided).toEqual([
      {
        file: "/bin/test",
        address: expect.any(Number),
        symbol: "here",
        why: "the number comes from memory or from a calculation",
      },
    ]);
  });
});

describe("a function that is given the number", () => {
  const WRAPPER = `
      wrapper: mv a7, a0
        mv a0, a1
        ecall
        ret`;

  it("makes the calls that its callers ask for, through other such functions too", async () => {
    const result = await scan(`
      _start: li a0, 172
        call wrapper
        li a2, 174
        call second
        li a7, 93
        ecall
        ret
      second: mv a0, a2
        tail wrapper${WRAPPER}`);
    expect(names(result)).toEqual(["exit", "getpid", "getuid"]);
    expect(why(result)).toEqual([]);
  });

  it("leaves it open at the caller whose number is not known", async () => {
    const result = await scan(`
      _start: lw a0, 0(sp)
      ask: call wrapper
        ret${WRAPPER}`);
    expect(names(result)).toEqual([]);
    expect(result.undecided.map(({ symbol }) => symbol?.replace(/\+.*/, ""))).toEqual(["ask"]);
  });

  it("leaves it open where its address is taken", async () => {
    const result = await scan(`
      _start: la a5, wrapper
        jal zero, elsewhere
      elsewhere: sd a5, 0(sp)
        ret${WRAPPER}`);
    expect(why(result)).toEqual(["the number is the caller's, and the function's address is taken here"]);
  });
});

describe("what the program can come to", () => {
  it("has no calls of functions that nothing refers to", async () => {
    const result = await scan(`
      _start: call used
        ret
      used: li a7, 172
        ecall
        ret
      unused: li a7, 174
        ecall
        ret`);
    // The assembler's programs have no unwinding tables: a function begins where something refers to it.
    expect(names(result)).toContain("getpid");
  });

  it("has functions whose address data holds", async () => {
    const result = await scan(`
      _start: ret
      .data
      table: .dword handler
      .text
      handler: li a7, 172
        ecall
        ret`);
    expect(names(result)).toEqual(["getpid"]);
  });

  it("has what a jump table leads to", async () => {
    const result = await scan(`
      _start: la a4, table
        slli a0, a0, 2
        add a5, a4, a0
        lw a5, 0(a5)
        li a7, 172
        jr a5
      first: ecall
        ret
      second: li a7, 174
        ecall
        ret
      .section .rodata
      table: .word first, second`);
    expect(names(result)).toEqual(["getpid", "getuid"]);
    expect(why(result)).toEqual([]);
  });

  it("names libraries that are not there", async () => {
    await expect(
      scanProgram({ program: { path: "/bin/x", bytes: new Uint8Array(10) } }, { read: () => undefined }),
    ).rejects.toThrow("/bin/x");
  });
});

it("of a damaged file is a refusal or a result, and nothing else", async () => {
  const whole = linkElf(
    assemble(
      ".globl _start\n_start: la a5, f\nla a4, table\nlw a4, 0(a4)\njr a4\nf: li a7, 93\necall\nret\n.data\ntable: .dword f, _start\n",
      { file: "test.S" },
    ),
  );
  const random = new SeededRandom(7n);
  const results = { scanned: 0, refused: 0 };
  for (let i = 0; i < 300; i++) {
    const bytes = whole.slice();
    for (let k = 0; k <= i % 4; k++) {
      const [low, high, value] = random.bytes(3);
      bytes[((high << 8) | low) % bytes.length] = [0, 127, 255, value][i % 4];
    }
    try {
      await scanProgram({ program: { path: "/bin/test", bytes } }, { read: () => undefined });
      results.scanned++;
    } catch (error) {
      expect(error).toBeInstanceOf(LoadError);
      results.refused++;
    }
  }
  expect(results.scanned).toBeGreaterThan(10);
  expect(results.refused).toBeGreaterThan(10);
});
