import type { Device } from "../memory/bus.ts";
import type { InterruptLine } from "./interrupt-line.ts";
import type { Stateful } from "./state.ts";
import { i32, integer, listOf, must, record, type Shaped } from "./state-shape.ts";

/** Interrupt sources are 1 to this; there is no source 0. */
export const PLIC_SOURCES = 95;

const WORDS = (PLIC_SOURCES + 1) / 32;
/** Priorities have 3 bits. */
const PRIORITY_MASK = 7;
const PENDING = 0x1000;
const ENABLE = 0x2000;
const ENABLE_STRIDE = 0x80;
const CONTEXT = 0x20_0000;
const CONTEXT_STRIDE = 0x1000;
const CLAIM = 4;

/** Contexts of the eight harts that a machine can have. */
const MOST_CONTEXTS = 16;
const level = integer(0, PRIORITY_MASK);
const sources = listOf(i32, WORDS);
const STATE = record({
  priority: listOf(level, PLIC_SOURCES + 1),
  pending: sources,
  inService: sources,
  again: sources,
  enable: listOf(i32, 0, MOST_CONTEXTS * WORDS),
  threshold: listOf(level, 0, MOST_CONTEXTS),
});
type PlicState = Shaped<typeof STATE>;

/**
 * The platform-level interrupt controller (RISC-V PLIC Specification 1.0.0) as QEMU's `virt` board has it. A context is somebody who can be interrupted: 2 n is hart n's machine mode, 2 n + 1 its supervisor
 * mode. Registers are 4 bytes wide; everything else reads as zero and writes nothing.
 *
 *     0x000000 + 4 s       priority of source s: 0 (never) to 7
 *     0x001000 + 4 w       pending: bit b is source 32 w + b
 *     0x002000 + 0x80 c    enable of context c: as pending
 *     0x200000 + 0x1000 c  threshold of context c: only higher priorities interrupt
 *     0x200004 + 0x1000 c  read: claim, the source to serve or 0; write: completion of that source
 *
 * A device asks by setting its line high, and each time that it does so again. Its gateway passes one request on, and the
 * next one when that has been claimed and completed, if the device asked again meanwhile and has not set its line low
 * since. A request that was passed on stays pending though the line falls. A gateway that looked at the line itself when a
 * request is completed would be nearer to the specification; QEMU's does not, and xv6 relies on it: it leaves its UART
 * asking for ever.
 */
export class Plic implements Device, Stateful<PlicState> {
  readonly name = "plic";
  private readonly outputs: readonly InterruptLine[];
  private readonly priority = new Uint8Array(PLIC_SOURCES + 1);
  private readonly pending = new Int32Array(WORDS);
  /** Claimed, and not completed yet. */
  private readonly inService = new Int32Array(WORDS);
  /** Asked for again while in service. */
  private readonly again = new Int32Array(WORDS);
  /** `WORDS` for each context. */
  private readonly enable: Int32Array;
  private readonly threshold: Uint8Array;
  /** What each output was last set to. */
  private readonly raised: boolean[];

  /** `outputs`: the line to each context. */
  constructor(outputs: readonly InterruptLine[]) {
    this.outputs = outputs;
    this.enable = new Int32Array(outputs.length * WORDS);
    this.threshold = new Uint8Array(outputs.length);
    this.raised = outputs.map(() => false);
  }

  /** The line of source 1 to `PLIC_SOURCES`. */
  input(source: number): InterruptLine {
    if (!(source >= 1 && source <= PLIC_SOURCES)) throw new RangeError(`no interrupt source ${source}`);
    const word = source >> 5;
    const bit = 1 << (source & 31);
    return (high) => {
      if (!high) this.again[word] &= ~bit;
      else if ((this.inService[word] & bit) !== 0) this.again[word] |= bit;
      else this.request(word, bit);
    };
  }

  load(offset: number, size: 1 | 2 | 4): number {
    if (size !== 4) return 0;
    if (offset < PENDING) return this.priority[offset >> 2] ?? 0;
    if (offset < ENABLE) return (this.pending[(offset - PENDING) >> 2] ?? 0) >>> 0;
    if (offset < CONTEXT) {
      const index = this.enableIndex(offset);
      return index === undefined ? 0 : this.enable[index] >>> 0;
    }
    const context = Math.floor((offset - CONTEXT) / CONTEXT_STRIDE);
    if (context >= this.outputs.length) return 0;
    const register = (offset - CONTEXT) % CONTEXT_STRIDE;
    if (register === 0) return this.threshold[context];
    return register === CLAIM ? this.claim(context) : 0;
  }

  store(offset: number, size: 1 | 2 | 4, value: number): void {
    if (size !== 4) return;
    if (offset < PENDING) this.setPriority(offset >> 2, value);
    else if (offset < ENABLE) return;
    else if (offset < CONTEXT) {
      const index = this.enableIndex(offset);
      if (index === undefined) return;
      // There is no source 0.
      this.enable[index] = index % WORDS === 0 ? value & ~1 : value;
      this.update(Math.floor(index / WORDS));
    } else {
      const context = Math.floor((offset - CONTEXT) / CONTEXT_STRIDE);
      if (context >= this.outputs.length) return;
      const register = (offset - CONTEXT) % CONTEXT_STRIDE;
      if (register === 0) {
        this.threshold[context] = value & PRIORITY_MASK;
        this.update(context);
      } else if (register === CLAIM) this.complete(context, value);
    }
  }

  save(): PlicState {
    return {
      priority: [...this.priority],
      pending: [...this.pending],
      inService: [...this.inService],
      again: [...this.again],
      enable: [...this.enable],
      threshold: [...this.threshold],
    };
  }

  restore(saved: PlicState): void {
    const state = STATE(saved);
    must(state.threshold.length === this.threshold.length && state.enable.length === this.enable.length);
    this.priority.set(state.priority);
    this.pending.set(state.pending);
    this.inService.set(state.inService);
    this.again.set(state.again);
    this.enable.set(state.enable);
    this.threshold.set(state.threshold);
    for (let context = 0; context < this.raised.length; context++)
      this.raised[context] = this.interrupts(context);
  }

  /** Where in `enable` the register at `offset` stands. */
  private enableIndex(offset: number): number | undefined {
    const context = Math.floor((offset - ENABLE) / ENABLE_STRIDE);
    const word = ((offset - ENABLE) % ENABLE_STRIDE) >> 2;
    return context < this.outputs.length && word < WORDS ? context * WORDS + word : undefined;
  }

  private setPriority(source: number, value: number): void {
    if (source === 0 || source > PLIC_SOURCES) return;
    this.priority[source] = value & PRIORITY_MASK;
    this.updateAll();
  }

  private request(word: number, bit: number): void {
    if ((this.pending[word] & bit) !== 0) return;
    this.pending[word] |= bit;
    this.updateAll();
  }

  /** The threshold does not matter here (chapter "Interrupt Claim Process"). */
  private claim(context: number): number {
    const source = this.best(context);
    if (source !== 0) {
      const bit = 1 << (source & 31);
      this.pending[source >> 5] &= ~bit;
      this.inService[source >> 5] |= bit;
      this.updateAll();
    }
    return source;
  }

  /** Ignored unless the source is enabled for the context (chapter "Interrupt Completion"). */
  private complete(context: number, source: number): void {
    if (source > PLIC_SOURCES) return;
    const word = source >> 5;
    const bit = 1 << (source & 31);
    if ((this.enable[context * WORDS + word] & bit) === 0) return;
    this.inService[word] &= ~bit;
    if ((this.again[word] & bit) === 0) return;
    this.again[word] &= ~bit;
    this.request(word, bit);
  }

  /** The pending and enabled source of highest priority, of these the one of lowest number; 0 where there is none. */
  private best(context: number): number {
    let best = 0;
    let priority = 0;
    for (let word = 0; word < WORDS; word++) {
      let bits = this.pending[word] & this.enable[context * WORDS + word];
      while (bits !== 0) {
        const lowest = bits & -bits;
        const source = word * 32 + 31 - Math.clz32(lowest);
        if (this.priority[source] > priority) {
          best = source;
          priority = this.priority[source];
        }
        bits ^= lowest;
      }
    }
    return best;
  }

  private interrupts(context: number): boolean {
    // Source 0 has priority 0, which is above no threshold.
    return this.priority[this.best(context)] > this.threshold[context];
  }

  private update(context: number): void {
    const high = this.interrupts(context);
    if (high === this.raised[context]) return;
    this.raised[context] = high;
    this.outputs[context](high);
  }

  private updateAll(): void {
    for (let context = 0; context < this.outputs.length; context++) this.update(context);
  }
}
