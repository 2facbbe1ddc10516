import { assemble } from "../../src/isa/assembler/assemble.ts";
import { linkElf } from "../../src/isa/assembler/elf.ts";
import { directive, SCRATCH_REACH, type Unit } from "./generate.ts";
import type { Random } from "./random.ts";

/** Integer registers that a block gets random values in, and that its record holds: all but the reserved ones. */
const INTEGERS = Array.from({ length: 31 }, (_, i) => i + 1).filter((i) => ![2, 8, 30, 31].includes(i));
const FLOATS = Array.from({ length: 32 }, (_, i) => i);
const SCRATCH_SIZE = 2 * SCRATCH_REACH;
/** What a record keeps of the scratch memory: a part of it each time would do, but all makes shrinking simple. */
const STATE_SIZE = 8 * (INTEGERS.length + FLOATS.length + 1);
export const RECORD_SIZE = STATE_SIZE + SCRATCH_SIZE;

/** Where the program lies, in user memory and (for our bare hart) in physical memory alike. */
const PROGRAM_BASE = 0x8001_0000n;

export interface Program {
  readonly blocks: readonly (readonly Unit[])[];
  /** Each of `STATE_SIZE` bytes: what every block's registers are set to, one round after another. */
  readonly states: readonly Uint8Array[];
  readonly scratch: Uint8Array;
}

const CORNERS = [
  0n,
  1n,
  -1n,
  2n,
  0x7fn,
  0x80n,
  0x7fffffffn,
  0x80000000n,
  -0x80000000n,
  0xffffffffn,
  1n << 63n,
  (1n << 63n) - 1n,
  0x5555555555555555n,
  0x0102030405060708n,
];
const FLOAT_CORNERS = [
  0x0000000000000000n,
  0x8000000000000000n,
  0x3ff0000000000000n,
  0xbff0000000000000n,
  0x7ff0000000000000n,
  0xfff0000000000000n,
  0x7ff8000000000000n,
  0x7ff0000000000001n,
  0x0000000000000001n,
  0x000fffffffffffffn,
  0x0010000000000000n,
  0x7fefffffffffffffn,
  0x41dfffffffc00000n,
  0x43e0000000000000n,
  0x3fe0000000000000n,
  0xffffffff00000000n,
  0xffffffff80000000n,
  0xffffffff3f800000n,
  0xffffffff7f800000n,
  0xffffffff7fc00000n,
  0xffffffff7f800001n,
  0xffffffff00000001n,
  0xffffffff00800000n,
  0xffffffff7f7fffffn,
  0xffffffff4f000000n,
];

/** Small whole numbers are common in programs, and exact. */
function smallFloat(r: Random): bigint {
  const view = new DataView(new ArrayBuffer(8));
  const value = (r.below(2000) - 1000) / r.pick([1, 2, 8, 3]);
  if (r.below(2)) view.setFloat64(0, value);
  else {
    view.setUint32(0, 0xffffffff);
    view.setFloat32(4, value);
  }
  return view.getBigUint64(0);
}

function floatValue(r: Random): bigint {
  const kind = r.below(4);
  if (kind === 0) return r.pick(FLOAT_CORNERS);
  if (kind === 1) return smallFloat(r);
  if (kind === 2) return 0xffffffff00000000n | (r.bits64() & 0xffffffffn);
  return r.bits64();
}

export function randomState(r: Random): Uint8Array {
  const bytes = new Uint8Array(STATE_SIZE);
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const _ of INTEGERS) {
    view.setBigUint64(
      at,
      BigInt.asUintN(64, r.below(3) === 0 ? r.pick(CORNERS) : r.bits64() >> BigInt(r.below(64))),
      true,
    );
    at += 8;
  }
  for (const _ of FLOATS) {
    view.setBigUint64(at, floatValue(r), true);
    at += 8;
  }
  // fcsr: a valid rounding mode, mostly to nearest, and any flags.
  const mode = r.below(2) === 0 ? 0 : r.below(5);
  view.setBigUint64(at, BigInt((mode << 5) | r.below(32)), true);
  return bytes;
}

export function randomScratch(r: Random): Uint8Array {
  const bytes = new Uint8Array(SCRATCH_SIZE);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < SCRATCH_SIZE; i += 8)
    view.setBigUint64(i, r.below(2) ? floatValue(r) : r.bits64(), true);
  return bytes;
}

const text = (unit: Unit) => (typeof unit === "string" ? unit : unit.map(directive).join("\n"));
const bytes = (data: Uint8Array) => {
  const lines: string[] = [];
  for (let i = 0; i < data.length; i += 64) lines.push(`.byte ${data.subarray(i, i + 64).join(",")}`);
  return lines.join("\n");
};

/**
 * The program as an ELF file for user mode: each round, every block starts from the round's registers and the memory
 * that the last block left, and writes a record of its registers and of the scratch memory to standard output.
 */
export function buildProgram({ blocks, states, scratch }: Program): Uint8Array {
  const each = (op: (prefix: string, suffix: number, offset: number) => string) => {
    const lines = INTEGERS.map((x, i) => op("x", x, 8 * i));
    return lines.concat(FLOATS.map((f, i) => op("f", f, 8 * (INTEGERS.length + i)))).join("\n");
  };
  const fcsrAt = STATE_SIZE - 8;
  const body = blocks.map(
    (units, i) => `
block${i}:
  ld t0, ${fcsrAt}(t5)
  fscsr t0
${each((kind, n, offset) => `  ${kind === "x" ? "ld" : "fld"} ${kind}${n}, ${offset}(t5)`)}
${units.map(text).join("\n")}
  la t5, record
${each((kind, n, offset) => `  ${kind === "x" ? "sd" : "fsd"} ${kind}${n}, ${offset}(t5)`)}
  frcsr t0
  sd t0, ${fcsrAt}(t5)
  call write_record
`,
  );
  return linkElf(
    assemble(`
.option norvc
.globl _start
_start:
  la t6, scratch + ${SCRATCH_REACH}
  mv sp, t6
  mv s0, t6
  la t5, states
round:
${body.join("\n")}
  la t0, next_state
  ld t5, 0(t0)
  li t1, ${STATE_SIZE}
  add t5, t5, t1
  sd t5, 0(t0)
  la t1, states_end
  beq t5, t1, done
  la t0, round
  jr t0
done:
  li a0, 0
  li a7, 94
  ecall

# Writes the record, and leaves t5 at the round's registers again.
write_record:
  la a1, record
  li a0, 1
  li a2, ${STATE_SIZE}
  li a7, 64
  ecall
  la a1, scratch
  li a0, 1
  li a2, ${SCRATCH_SIZE}
  li a7, 64
  ecall
  la t0, next_state
  ld t5, 0(t0)
  ret

.data
.balign 16
next_state: .dword states
record: .zero ${STATE_SIZE}
.balign 16
scratch:
${bytes(scratch)}
states:
${states.map(bytes).join("\n")}
states_end:
`),
    { base: PROGRAM_BASE },
  );
}
