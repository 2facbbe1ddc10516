import { csrNumber } from "../isa/csr-names.ts";
import { Csr, FS_SHIFT, MPP_SHIFT, Mstatus, SATP_SV39 } from "./csr-state.ts";
import type { Hart } from "./hart.ts";
import { Privilege } from "./layout.ts";
import { PMP_ENTRIES } from "./pmp.ts";

/**
 * One CSR as software sees it (Privileged Architecture, "Control and Status Registers"). Its number says who
 * may use it: bits 9 and 8 are the lowest privilege, and it is read-only where bits 11 and 10 are both set.
 */
export interface CsrRow {
  readonly number: number;
  readonly name: string;
  readonly read: (hart: Hart) => bigint;
  /** Takes any value and keeps what is legal. Absent: writes are allowed and change nothing. */
  readonly write?: (hart: Hart, value: bigint) => void;
  /** What `csrrs` and `csrrc` change, where it is not what they return. */
  readonly readForChange?: (hart: Hart) => bigint;
  /** Whether the access is legal, beyond the privilege in the number. */
  readonly allowed?: (hart: Hart) => boolean;
}

type Behaviour = Omit<CsrRow, "number" | "name">;

const ALL = 0xffff_ffff_ffff_ffffn;

function row(name: string, behaviour: Behaviour): CsrRow {
  const number = csrNumber(name);
  if (number === undefined) throw new RangeError(`no CSR is called ${name}`);
  return { number, name, ...behaviour };
}

/** Always reads `value`. */
const constant = (value: bigint): Behaviour => ({ read: () => value });

/** A word of the hart block of which software writes the bits in `mask`; the others read as zero. */
const word = (index: number, mask = ALL): Behaviour => ({
  read: ({ csrs }) => csrs.get(index),
  write: ({ csrs }, value) => csrs.set(index, value & mask),
});

const low = (value: bigint): number => Number(BigInt.asIntN(32, value));

// mstatus and sstatus. UXL and SXL are 2 (64 bits), SD says that FS is dirty; UBE, SBE, MBE, VS and XS are zero.

const UXL = 2n << 32n;
const SXL = 2n << 34n;
const SD = 1n << 63n;
const { SIE, MIE, SPIE, MPIE, SPP, MPP, FS, MPRV, SUM, MXR, TVM, TW, TSR } = Mstatus;
const SSTATUS = SIE | SPIE | SPP | SUM | MXR;
const MSTATUS = SSTATUS | MIE | MPIE | MPP | MPRV | TVM | TW | TSR;

const status = (mask: number, fixed: bigint): Behaviour => ({
  read: ({ csrs }) => {
    const float = csrs.floatState;
    return BigInt((csrs.status & mask) | (float << FS_SHIFT)) | fixed | (float === 3 ? SD : 0n);
  },
  write: ({ csrs, mmu }, value) => {
    let next = low(value);
    // 2 is no privilege mode: MPP keeps its value.
    if ((next & MPP) >> MPP_SHIFT === 2) next = (next & ~MPP) | (csrs.status & MPP);
    csrs.status = (csrs.status & ~mask) | (next & mask);
    csrs.floatState = (next & FS) >> FS_SHIFT;
    mmu.refresh();
  },
});

// Interrupts. Software writes the supervisor's bits; SEIP reads as its bit or the device's line.

const SUPERVISOR_INTERRUPTS = 0x222;
const INTERRUPTS = 0xaaa;
const SSIP = 0x2;
const STIP = 0x20;

const mip: Behaviour = {
  read: ({ csrs }) => BigInt(csrs.pending),
  readForChange: ({ csrs }) => csrs.get(Csr.mip),
  write: ({ csrs }, value) => {
    const writable = csrs.hasSupervisorTimer ? SUPERVISOR_INTERRUPTS & ~STIP : SUPERVISOR_INTERRUPTS;
    csrs.setLow(Csr.mip, low(value) & writable);
  },
};

const sip: Behaviour = {
  read: ({ csrs }) => BigInt(csrs.pending & csrs.low(Csr.mideleg)),
  write: ({ csrs }, value) => {
    const writable = csrs.low(Csr.mideleg) & SSIP;
    csrs.setLow(Csr.mip, (csrs.low(Csr.mip) & ~writable) | (low(value) & writable));
  },
};

const sie: Behaviour = {
  read: ({ csrs }) => BigInt(csrs.low(Csr.mie) & csrs.low(Csr.mideleg)),
  write: ({ csrs }, value) => {
    const writable = csrs.low(Csr.mideleg);
    csrs.setLow(Csr.mie, (csrs.low(Csr.mie) & ~writable) | (low(value) & writable));
  },
};

/** BASE is four-byte aligned; MODE 2 and 3 are reserved, and writing them changes nothing. */
const vector = (index: number): Behaviour => ({
  read: ({ csrs }) => csrs.get(index),
  write: ({ csrs }, value) => {
    if ((value & 2n) === 0n) csrs.set(index, value);
  },
});

/** Bare or Sv39; another MODE changes nothing. Under TVM not for S-mode. */
const satp: Behaviour = {
  read: ({ csrs }) => csrs.get(Csr.satp),
  write: ({ csrs, mmu }, value) => {
    const mode = Number((value & ALL) >> 60n);
    if (mode !== 0 && mode !== SATP_SV39) return;
    csrs.set(Csr.satp, value);
    mmu.refresh();
  },
  allowed: ({ csrs, privilege }) => privilege === Privilege.machine || (csrs.status & TVM) === 0,
};

const FIOM = 1n;
const STCE = 1n << 63n;

/** FIOM: every access is in order here, so fences need no help. STCE: STIP is `stimecmp`'s, software's bit is gone. */
const environment: Behaviour = {
  read: ({ csrs }) => csrs.get(Csr.menvcfg),
  write: ({ csrs }, value) => {
    csrs.set(Csr.menvcfg, value & (FIOM | STCE));
    if ((value & STCE) !== 0n) csrs.setLow(Csr.mip, csrs.low(Csr.mip) & ~STIP);
    csrs.onSupervisorTimer();
  },
};

/** Of Sstc: for S-mode where `menvcfg` and `mcounteren` let it have the time. */
const supervisorTimer: Behaviour = {
  read: ({ csrs }) => csrs.get(Csr.stimecmp),
  write: ({ csrs }, value) => {
    csrs.set(Csr.stimecmp, value);
    csrs.onSupervisorTimer();
  },
  allowed: ({ csrs, privilege }) =>
    privilege === Privilege.machine ||
    (csrs.hasSupervisorTimer && (csrs.low(Csr.mcounteren) & (1 << TIME)) !== 0),
};

// Counters: all count retired instructions, so a cycle is an instruction.

const CYCLE = 0;
const TIME = 1;
const INSTRET = 2;
const COUNTERS = 0b111n;
const INHIBITABLE = 0b101n;

/** `mcounteren` lets S-mode and U-mode read a counter, `scounteren` U-mode. */
const readable =
  (counter: number) =>
  ({ csrs, privilege }: Hart): boolean => {
    const bit = 1 << counter;
    if (privilege === Privilege.machine) return true;
    if ((csrs.low(Csr.mcounteren) & bit) === 0) return false;
    return privilege === Privilege.supervisor || (csrs.low(Csr.scounteren) & bit) !== 0;
  };

const inhibited = ({ csrs }: Hart, counter: number): boolean =>
  (csrs.low(Csr.mcountinhibit) & (1 << counter)) !== 0;

const readCounter =
  (index: number, counter: number) =>
  (hart: Hart): bigint => {
    const value = hart.csrs.get(index) + (inhibited(hart, counter) ? 0n : BigInt(hart.retired));
    return value & ALL;
  };

/** The instruction after the one that writes reads what was written: the writer itself does not count. */
const counter = (index: number, number: number): Behaviour => ({
  read: readCounter(index, number),
  write: (hart, value) =>
    hart.csrs.set(index, inhibited(hart, number) ? value : value - BigInt(hart.retired + 1)),
});

const mcountinhibit: Behaviour = {
  read: ({ csrs }) => csrs.get(Csr.mcountinhibit),
  write: (hart, value) => {
    const cycle = readCounter(Csr.mcycle, CYCLE)(hart);
    const instret = readCounter(Csr.minstret, INSTRET)(hart);
    hart.csrs.set(Csr.mcountinhibit, value & INHIBITABLE);
    const since = (number: number) => (inhibited(hart, number) ? 0n : BigInt(hart.retired));
    hart.csrs.set(Csr.mcycle, cycle - since(CYCLE));
    hart.csrs.set(Csr.minstret, instret - since(INSTRET));
  },
};

// Floating point: illegal while FS is off; a write makes it dirty.

const float = (read: (hart: Hart) => number, write: (hart: Hart, value: number) => void): Behaviour => ({
  read: (hart) => BigInt(read(hart)),
  write: (hart, value) => {
    write(hart, low(value));
    hart.csrs.floatState = 3;
  },
  allowed: ({ csrs }) => csrs.floatState !== 0,
});

const setFlags = ({ csrs }: Hart, value: number) => {
  csrs.fflags = value;
};

const pmpConfig = (pair: 0 | 1): Behaviour => ({
  read: ({ csrs }) => csrs.get(Csr.pmpcfg0 + pair),
  write: ({ mmu }, value) => {
    mmu.pmp.writeConfig(pair, value);
    mmu.reset();
  },
});

const pmpAddress = (index: number): Behaviour => ({
  read: ({ csrs }) => csrs.get(Csr.pmpaddr + index),
  write: ({ mmu }, value) => {
    mmu.pmp.writeAddress(index, value);
    mmu.reset();
  },
});

const series = (name: string, from: number, to: number, behaviour: (index: number) => Behaviour): CsrRow[] =>
  Array.from({ length: to - from + 1 }, (_, i) => row(name + (from + i), behaviour(from + i)));

const letters = (extensions: string): bigint =>
  [...extensions].reduce((bits, letter) => bits | (1n << BigInt(letter.charCodeAt(0) - 65)), 0n);
/** MXL 2: 64 bits. B is Zba, Zbb and Zbs. */
const MISA = (2n << 62n) | letters("ABCDFIMSU");
/** All but calls from M-mode and the codes that are reserved. */
const DELEGABLE = 0xb3ffn;

/** Every CSR of the hart. */
export const csrRows: readonly CsrRow[] = [
  row(
    "fflags",
    float(({ csrs }) => csrs.fflags, setFlags),
  ),
  row(
    "frm",
    float(
      ({ csrs }) => csrs.frm,
      ({ csrs }, value) => csrs.setFrm(value),
    ),
  ),
  row(
    "fcsr",
    float(
      ({ csrs }) => (csrs.frm << 5) | csrs.fflags,
      (hart, value) => {
        setFlags(hart, value);
        hart.csrs.setFrm(value >> 5);
      },
    ),
  ),
  row("cycle", { read: readCounter(Csr.mcycle, CYCLE), allowed: readable(CYCLE) }),
  row("time", { read: ({ csrs }) => csrs.time(), allowed: readable(TIME) }),
  row("instret", { read: readCounter(Csr.minstret, INSTRET), allowed: readable(INSTRET) }),
  ...series("hpmcounter", 3, 31, (i) => ({ read: () => 0n, allowed: readable(i) })),

  row("sstatus", status(SSTATUS, UXL)),
  row("sie", sie),
  row("stvec", vector(Csr.stvec)),
  row("scounteren", word(Csr.scounteren, COUNTERS)),
  row("senvcfg", word(Csr.senvcfg, FIOM)),
  row("sscratch", word(Csr.sscratch)),
  row("sepc", word(Csr.sepc, ~1n)),
  row("scause", word(Csr.scause)),
  row("stval", word(Csr.stval)),
  row("sip", sip),
  row("stimecmp", supervisorTimer),
  row("satp", satp),

  row("mvendorid", constant(0n)),
  row("marchid", constant(0n)),
  row("mimpid", constant(0n)),
  row("mhartid", { read: ({ id }) => BigInt(id) }),
  row("mconfigptr", constant(0n)),
  row("mstatus", status(MSTATUS, UXL | SXL)),
  row("misa", constant(MISA)),
  row("medeleg", word(Csr.medeleg, DELEGABLE)),
  row("mideleg", word(Csr.mideleg, BigInt(SUPERVISOR_INTERRUPTS))),
  row("mie", word(Csr.mie, BigInt(INTERRUPTS))),
  row("mtvec", vector(Csr.mtvec)),
  row("mcounteren", word(Csr.mcounteren, COUNTERS)),
  row("menvcfg", environment),
  row("mcountinhibit", mcountinhibit),
  row("mscratch", word(Csr.mscratch)),
  row("mepc", word(Csr.mepc, ~1n)),
  row("mcause", word(Csr.mcause)),
  row("mtval", word(Csr.mtval)),
  row("mip", mip),
  row("mcycle", counter(Csr.mcycle, CYCLE)),
  row("minstret", counter(Csr.minstret, INSTRET)),
  ...series("mhpmcounter", 3, 31, () => constant(0n)),
  ...series("mhpmevent", 3, 31, () => constant(0n)),
  // A trigger of type 0: there are none.
  row("tselect", constant(0n)),
  ...series("tdata", 1, 3, () => constant(0n)),
  // On RV64 only the even ones exist.
  row("pmpcfg0", pmpConfig(0)),
  row("pmpcfg2", pmpConfig(1)),
  ...series("pmpaddr", 0, PMP_ENTRIES - 1, pmpAddress),
];

const byNumber = new Map(csrRows.map((csr) => [csr.number, csr]));

export function csrRow(number: number): CsrRow | undefined {
  return byNumber.get(number);
}

export type CsrChange = "write" | "set" | "clear";

/**
 * Does a CSR instruction's access at the hart's privilege: returns the old value (unsigned) after changing the
 * register by `operand`, or undefined where the access is illegal.
 * @param change undefined: only reads (`csrrs` and `csrrc` whose source is x0 or 0)
 */
export function accessCsr(
  hart: Hart,
  number: number,
  change: CsrChange | undefined,
  operand: bigint,
): bigint | undefined {
  const csr = byNumber.get(number);
  if (!csr || hart.privilege < ((number >> 8) & 3)) return undefined;
  if (change && number >> 10 === 3) return undefined;
  if (csr.allowed && !csr.allowed(hart)) return undefined;
  const old = csr.read(hart);
  if (change === "write") csr.write?.(hart, operand);
  else if (change) {
    const base = csr.readForChange ? csr.readForChange(hart) : old;
    csr.write?.(hart, change === "set" ? base | operand : base & ~operand);
  }
  return old;
}
