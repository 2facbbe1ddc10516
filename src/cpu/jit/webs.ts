import type { MemoryNode } from "../wasm/memory-access.ts";
import type { Flow } from "./flow.ts";
import { tightBlocks } from "./loops.ts";
import { goesOutside, type Placed } from "./region.ts";

/**
 * The values of one base register that reach the same accesses: together they are checked against one range of memory,
 * so that a check of the first access holds for all others off the same value.
 */
export interface Web {
  /** The bytes reached: from `least` to before `most`, off the base. */
  least: number;
  most: number;
  /** One of the accesses writes. */
  writes: boolean;
  /** A value set in one block is the base of an access in another: whether it was checked is known when it runs. */
  crosses: boolean;
  /**
   * The TLB is asked for what is not in its range. Where a tight loop has one of its accesses, the region is left instead
   * until they were seen to go back and forth between ranges: the host's registers are for the loop.
   */
  wide: boolean;
  /** Where its accesses are. */
  offsets: number[];
}

/** A memory access of a region. */
export interface Access {
  readonly node: MemoryNode;
  readonly base: number;
  /** Added to the base. */
  readonly offset: number;
  readonly web: number;
  /** How it is known that the base's value was checked: it was, before; it may have been; it was not. */
  readonly known: "checked" | "maybe" | "unchecked";
}

export interface Webs {
  readonly webs: readonly Web[];
  readonly accesses: ReadonlyMap<Placed, Access>;
  /** The registers that are a base somewhere. */
  readonly bases: readonly number[];
  /** Instructions that give a web that crosses blocks a new value. */
  readonly definitions: ReadonlySet<Placed>;
}

export function isWrite(node: MemoryNode): boolean {
  return node.kind !== "load" && node.kind !== "lr";
}

/** `wide`: offsets of accesses that are known to go back and forth between ranges. */
export function findWebs(flow: Flow, wide: readonly number[] = []): Webs {
  return new Finder(flow, new Set(wide)).find();
}

/** An instruction, and the value that its access has as the base, or that it gives to a base. */
interface Use {
  readonly placed: Placed;
  readonly value: number;
}

class Finder {
  private readonly flow: Flow;
  private readonly knownWide: ReadonlySet<number>;
  /** The registers that are a base somewhere, and their places in this list. */
  private readonly bases: number[] = [];
  private readonly placeOf: number[] = new Array(32).fill(-1);
  /**
   * Union-find over the values: those that come into block b are from `b * bases.length` on, others behind them all. -1: it
   * has no parent.
   */
  private parent: number[] = [];
  /** Each block's last value of each base. */
  private readonly out: number[][] = [];
  /** Each block's accesses. */
  private readonly reached: Use[][] = [];
  private readonly sets: Use[] = [];
  // What each block does with the registers that are bases, as bits.
  /** It reaches memory by the value that comes in. */
  private readonly reads: number[] = [];
  /** It has checked the value that goes out. */
  private readonly gained: number[] = [];
  /** It has set it. */
  private readonly lost: number[] = [];
  private readonly webs: Web[] = [];
  /** The webs' numbers by the roots of their values. */
  private readonly numbers = new Map<number, number>();
  private readonly accesses = new Map<Placed, Access>();

  constructor(flow: Flow, knownWide: ReadonlySet<number>) {
    this.flow = flow;
    this.knownWide = knownWide;
    for (const block of flow.order)
      for (const { instruction, uses } of block.body) {
        if (!uses.memory) continue;
        const { rs1 } = instruction.fields;
        if (this.placeOf[rs1] >= 0) continue;
        this.placeOf[rs1] = this.bases.length;
        this.bases.push(rs1);
      }
  }

  find(): Webs {
    const { bases, webs, accesses } = this;
    const definitions = new Set<Placed>();
    if (bases.length === 0) return { webs, accesses, bases, definitions };
    this.numberValues();
    this.unite();
    this.makeWebs(this.availability());
    for (const { placed, value } of this.sets) {
      const number = this.numbers.get(this.root(value));
      if (number !== undefined && webs[number].crosses) definitions.add(placed);
    }
    return { webs, accesses, bases, definitions };
  }

  private numberValues(): void {
    const { bases, placeOf } = this;
    const { order } = this.flow;
    const parent: number[] = new Array(order.length * bases.length).fill(-1);
    this.parent = parent;
    const newValue = () => parent.push(-1) - 1;
    for (const block of order) {
      const values = bases.map((_, place) => block.index * bases.length + place);
      const reached: Use[] = [];
      let reads = 0;
      let gained = 0;
      let lost = 0;
      for (const placed of block.all) {
        const { memory, writes } = placed.uses;
        const { rs1, rd } = placed.instruction.fields;
        if (memory) {
          reached.push({ placed, value: values[placeOf[rs1]] });
          gained |= 1 << rs1;
          reads |= (1 << rs1) & ~lost;
        }
        if (writes !== "x" || rd === 0 || placeOf[rd] < 0) continue;
        const value = newValue();
        values[placeOf[rd]] = value;
        this.sets.push({ placed, value });
        gained &= ~(1 << rd);
        lost |= 1 << rd;
      }
      // What is done outside may set all of them.
      const isOutside = goesOutside(block);
      this.reached.push(reached);
      this.out.push(isOutside ? values.map(newValue) : values);
      this.reads.push(reads);
      this.gained.push(isOutside ? 0 : gained);
      this.lost.push(isOutside ? -1 : lost);
    }
  }

  /** Values are one where they come to the same access. What only lies in a register, to be set again, joins nothing. */
  private unite(): void {
    const { length } = this.bases;
    const live = this.liveness();
    this.out.forEach((values, index) => {
      for (const next of this.flow.targets[index])
        for (let rest = live[next]; rest !== 0; rest &= rest - 1) {
          const place = this.placeOf[31 - Math.clz32(rest & -rest)];
          const from = this.root(values[place]);
          const to = this.root(next * length + place);
          if (from !== to) this.parent[from] = to;
        }
    });
  }

  /** For each block, the registers whose incoming values are the base of an access, there or further on, as bits. */
  private liveness(): number[] {
    const { reads, lost } = this;
    const { targets } = this.flow;
    const live = reads.slice();
    for (let changed = true; changed; ) {
      changed = false;
      for (let index = live.length - 1; index >= 0; index--) {
        let out = 0;
        for (const next of targets[index]) out |= live[next];
        const all = reads[index] | (out & ~lost[index]);
        if (all === live[index]) continue;
        live[index] = all;
        changed = true;
      }
    }
    return live;
  }

  private root(value: number): number {
    const { parent } = this;
    let at = value;
    for (let up = parent[at]; up >= 0; up = parent[at]) {
      if (parent[up] >= 0) parent[at] = parent[up];
      at = up;
    }
    return at;
  }

  /** For each block, the registers whose incoming values were checked on every way there, as bits. */
  private availability(): number[] {
    const { gained, lost } = this;
    const { sources } = this.flow;
    const incoming: number[] = sources.map((_, index) => (index === 0 ? 0 : -1));
    for (let changed = true; changed; ) {
      changed = false;
      for (let index = 1; index < incoming.length; index++) {
        let all = -1;
        for (const from of sources[index]) all &= (incoming[from] & ~lost[from]) | gained[from];
        if (all === incoming[index]) continue;
        incoming[index] = all;
        changed = true;
      }
    }
    return incoming;
  }

  private makeWebs(available: readonly number[]): void {
    const { webs } = this;
    const { order } = this.flow;
    const tight = tightBlocks(this.flow);
    const seenWide = new Set<Web>();
    const checked: boolean[] = new Array(this.parent.length).fill(false);
    for (const { index } of order)
      for (const { placed, value } of this.reached[index]) {
        const { fields } = placed.instruction;
        const node = placed.uses.memory as MemoryNode;
        // Loads and stores add an immediate to their base; atomic accesses have none.
        const offset = node.addr.kind === "binary" ? fields.imm : 0;
        const number = this.webOf(value, offset);
        const web = webs[number];
        const comesIn = value < order.length * this.bases.length;
        const isChecked = checked[value] || (comesIn && (available[index] & (1 << fields.rs1)) !== 0);
        const known = isChecked ? "checked" : comesIn ? "maybe" : "unchecked";
        this.accesses.set(placed, { node, base: fields.rs1, offset, web: number, known });
        checked[value] = true;
        extend(web, node, offset, known === "maybe");
        web.offsets.push(placed.offset);
        if (tight[index]) web.wide = false;
        if (this.knownWide.has(placed.offset)) seenWide.add(web);
      }
    for (const web of seenWide) web.wide = true;
  }

  /** The number of the web that a value is of: of a new one, where none of its values was met before. */
  private webOf(value: number, offset: number): number {
    const root = this.root(value);
    const known = this.numbers.get(root);
    if (known !== undefined) return known;
    const number = this.webs.length;
    this.numbers.set(root, number);
    this.webs.push({ least: offset, most: offset, writes: false, crosses: false, wide: true, offsets: [] });
    return number;
  }
}

function extend(web: Web, node: MemoryNode, offset: number, crosses: boolean): void {
  web.least = Math.min(web.least, offset);
  web.most = Math.max(web.most, offset + node.bits / 8);
  if (isWrite(node)) web.writes = true;
  if (crosses) web.crosses = true;
}
