import { Csr, FS_SHIFT, Mstatus } from "../csr-state.ts";
import { HART } from "../layout.ts";
import { Code, I32, I64 } from "./encoder.ts";

/** Parameters: what a system instruction is to be done for; `held`: flags of `fflags` that may not change. */
const [HART_BLOCK, BITS, HELD] = [0, 1, 2];
export const QUICK_PARAMETERS = [I32, I32, I32] as const;

const SYSTEM = 0x73;
const FFLAGS = 0x001;
const SSTATUS = 0x100;
/** `sscratch`, `sepc`, `scause`, `stval`; those of M-mode have one more bit. All are words that software writes as they are. */
const TRAP_WORDS = 0x140;
const OF_MACHINE = 0x200;
const EPC = 1;

/** What `sstatus` shows of the low half of `mstatus`, FS aside, and that XLEN of U-mode is 64. */
const { SIE, SPIE, SPP, SUM, MXR } = Mstatus;
const SHOWN = BigInt(SIE | SPIE | SPP | SUM | MXR);
const UXL = 2n << 32n;
const DIRTY = 3;
const SD = 1n << 63n;

/**
 * (hart, bits, held) -> 1: the instruction is done. The CSR accesses that are frequent and need nothing but the hart block, as
 * the table in `csr.ts` has them: `fflags`, where interrupts are switched off and on, and where a trap came from. 0: nothing is
 * done, and TypeScript is to be asked.
 */
export function quickSystemBody(): Code {
  const code = new Code(QUICK_PARAMETERS.length);
  const csr = code.local(I32);
  const change = code.local(I32);
  const at = code.local(I32);
  const operand = code.local(I64);
  const old = code.local(I64);
  const next = code.local(I64);

  const giveUpUnless = () => code.op("i32_eqz").if().i32(0).op("return").op("end");
  const pushRegister = (shift: number) => {
    code.get(HART_BLOCK).get(BITS).i32(shift).op("i32_shr_u").i32(31).op("i32_and").i32(3).op("i32_shl");
    return code.op("i32_add");
  };
  /** csrrw, csrrs, csrrc */
  const setNext = () => {
    code.get(operand).get(old).get(operand).op("i64_or");
    code.get(old).get(operand).i64(-1n).op("i64_xor").op("i64_and");
    code.get(change).i32(2).op("i32_eq").op("select");
    code.get(change).i32(1).op("i32_eq").op("select").set(next);
  };
  const done = () => {
    code
      .get(BITS)
      .i32(31 << 7)
      .op("i32_and")
      .if();
    pushRegister(7).get(old).mem("i64_store", HART.x).op("end");
    code.i32(1).op("return");
  };

  code.get(BITS).i32(0x7f).op("i32_and").i32(SYSTEM).op("i32_eq");
  code.get(BITS).i32(12).op("i32_shr_u").i32(3).op("i32_and").tee(change).i32(0).op("i32_ne").op("i32_and");
  giveUpUnless();
  code.get(BITS).i32(20).op("i32_shr_u").set(csr);
  code.get(HART_BLOCK).mem("i32_load", HART.privilege);
  code.get(csr).i32(8).op("i32_shr_u").i32(3).op("i32_and").op("i32_ge_u");
  giveUpUnless();
  code
    .get(BITS)
    .i32(1 << 14)
    .op("i32_and")
    .if(I64);
  code.get(BITS).i32(15).op("i32_shr_u").i32(31).op("i32_and").op("i64_extend_i32_u");
  code.op("else");
  pushRegister(15).mem("i64_load", HART.x).op("end").set(operand);

  code.get(csr).i32(FFLAGS).op("i32_eq").if();
  code.get(HART_BLOCK).mem("i32_load", HART.fs).i32(DIRTY).op("i32_eq");
  giveUpUnless();
  code.get(HART_BLOCK).mem("i64_load32_u", HART.fflags).set(old);
  setNext();
  code.get(old).get(next).op("i64_xor").op("i32_wrap_i64").get(HELD).op("i32_and").op("i32_eqz");
  giveUpUnless();
  code.get(HART_BLOCK).get(next).op("i32_wrap_i64").i32(31).op("i32_and").mem("i32_store", HART.fflags);
  done();
  code.op("end");

  code.get(csr).i32(SSTATUS).op("i32_eq").if();
  // Nothing but SIE is set or cleared.
  code.get(change).i32(1).op("i32_ne");
  code.get(operand).i64(BigInt(~SIE)).op("i64_and").op("i64_eqz").op("i32_and");
  giveUpUnless();
  code
    .get(HART_BLOCK)
    .mem("i64_load32_u", HART.csrs + 8 * Csr.mstatus)
    .set(old);
  setNext();
  // Where interrupts are pending, the one to take has to be found.
  const pushWord = (word: number) => code.get(HART_BLOCK).mem("i32_load", HART.csrs + 8 * word);
  pushWord(Csr.mip);
  for (const [word, op] of [
    [Csr.lines, "i32_or"],
    [Csr.mie, "i32_and"],
  ] as const)
    pushWord(word).op(op);
  code.op("i32_eqz").get(next).get(old).op("i64_eq").op("i32_or");
  giveUpUnless();
  code
    .get(HART_BLOCK)
    .get(next)
    .mem("i64_store32", HART.csrs + 8 * Csr.mstatus);
  code.get(old).i64(SHOWN).op("i64_and").i64(UXL).op("i64_or");
  code.get(HART_BLOCK).mem("i64_load32_u", HART.fs).i64(BigInt(FS_SHIFT)).op("i64_shl").op("i64_or");
  code.i64(BigInt.asIntN(64, SD)).i64(0n);
  code.get(HART_BLOCK).mem("i32_load", HART.fs).i32(DIRTY).op("i32_eq").op("select").op("i64_or").set(old);
  done();
  code.op("end");

  code
    .get(csr)
    .i32(~(OF_MACHINE | 3))
    .op("i32_and")
    .i32(TRAP_WORDS)
    .op("i32_eq");
  giveUpUnless();
  code.i32(Csr.mscratch).i32(Csr.sscratch).get(csr).i32(OF_MACHINE).op("i32_and").op("select");
  code.get(csr).i32(3).op("i32_and").op("i32_add").i32(3).op("i32_shl");
  code.get(HART_BLOCK).op("i32_add").tee(at).mem("i64_load", HART.csrs).set(old);
  setNext();
  code.get(at).get(next);
  code.i64(-2n).i64(-1n).get(csr).i32(3).op("i32_and").i32(EPC).op("i32_eq").op("select");
  code.op("i64_and").mem("i64_store", HART.csrs);
  done();
  return code.op("unreachable");
}
