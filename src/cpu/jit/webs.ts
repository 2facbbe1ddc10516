import type { MemoryNode } from "../wasm/memory-access.ts";
import { type Flow, successors } from "./flow.ts";
import { tightBlocks } from "./loops.ts";
import { goesOutside, type Placed } from "./region.ts";
import { usesOf } from "./uses.ts";

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
  /** Instructions that give a web that crosses blocks a new value, and the web. */
  readonly definitions: ReadonlyMap<Placed, Web>;
}

export function isWrite(node: MemoryNode): boolean {
  return node.kind !== "load" && node.kind !== "lr";
}

/** `wide`: offsets of accesses that are known to go back and forth between ranges. */
export function findWebs(flow: Flow, wide: readonly number[] = []): Webs {
  return new Finder(flow, new Set(wide)).find();
}

class Finder {
  private readonly flow: Flow;
  private readonly knownWide: ReadonlySet<number>;
  /** The registers that are a base somewhere, and their places in this list. */
  private readonly bases: number[] = [];
  private readonly placeOf: number[] = new Array(32).fill(-1);
  /** Union-find over the values: those that come into block b are from `b * bases.length` on, others behind them all. */
  private readonly parent: number[] = [];
  /** Each block's last value of each base. */
  private readonly out: number[][] = [];
  /** The value that each access has as its base, and that each instruction gives to one. */
  private readonly read = new Map<Placed, number>();
  private readonly set = new Map<Placed, number>();
  private readonly webs: Web[] = [];
  private readonly accesses = new Map<Placed, Access>();

  constructor(flow: Flow, knownWide: ReadonlySet<number>) {
    this.flow = flow;
    this.knownWide = knownWide;
    for (const block of flow.order)
      for (const { instruction } of block.body) {
        const { rs1 } = instruction.fields;
        if (!usesOf(instruction.row).memory || this.placeOf[rs1] >= 0) continue;
        this.placeOf[rs1] = this.bases.length;
        this.bases.push(rs1);
      }
  }

  find(): Webs {
    this.numberValues();
    this.unite();
    this.makeWebs(this.availability());
    const definitions = new Map<Placed, Web>();
    const webOf = new Map<number, Web>();
    for (const [placed, value] of this.read)
      webOf.set(this.root(value), this.webs[(this.accesses.get(placed) as Access).web]);
    for (const [placed, value] of this.set) {
      const web = webOf.get(this.root(value));
      if (web?.crosses) definitions.set(placed, web);
    }
    return { webs: this.webs, accesses: this.accesses, definitions };
  }

  private numberValues(): void {
    const { bases, placeOf, parent } = this;
    const { order } = this.flow;
    for (let i = 0; i < order.length * bases.length; i++) parent.push(i);
    for (const block of order) {
      const values = bases.map((_, place) => block.index * bases.length + place);
      for (const placed of block.all) {
        const { row, fields } = placed.instruction;
        const { memory, writes } = usesOf(row);
        if (memory) this.read.set(placed, values[placeOf[fields.rs1]]);
        const place = placeOf[fields.rd];
        if (writes !== "x" || fields.rd === 0 || place < 0) continue;
        values[place] = parent.length;
        this.set.set(placed, parent.length);
        parent.push(parent.length);
      }
      if (goesOutside(block))
        for (let place = 0; place < values.length; place++) {
          values[place] = parent.length;
          parent.push(parent.length);
        }
      this.out.push(values);
    }
  }

  /** Values are one where they come to the same access. What only lies in a register, to be set again, joins nothing. */
  private unite(): void {
    const { length } = this.bases;
    const live = this.liveness();
    for (const block of this.flow.order)
      for (const next of successors(block))
        for (let place = 0; place < length; place++)
          if ((live[next.index] & (1 << this.bases[place])) !== 0)
            this.parent[this.root(this.out[block.index][place])] = this.root(next.index * length + place);
  }

  /** For each block, the registers whose incoming values are the base of an access, there or further on, as bits. */
  private liveness(): number[] {
    const { order } = this.flow;
    const { read, lost } = this.effects();
    const live = read.slice();
    for (let changed = true; changed; ) {
      changed = false;
      for (let index = order.length - 1; index >= 0; index--) {
        let out = 0;
        for (const next of successors(order[index])) out |= live[next.index];
        const all = read[index] | (out & ~lost[index]);
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
    while (parent[at] !== at) {
      parent[at] = parent[parent[at]];
      at = parent[at];
    }
    return at;
  }

  /**
   * What each block does with the registers that are bases, as bits: it reaches memory by the value that comes in, has
   * checked the value that goes out, and has set it.
   */
  private effects(): { readonly read: number[]; readonly gained: number[]; readonly lost: number[] } {
    const read: number[] = [];
    const gained: number[] = [];
    const lost: number[] = [];
    for (const block of this.flow.order) {
      let [reads, gain, loss] = [0, 0, 0];
      for (const placed of block.all) {
        const { rs1, rd } = placed.instruction.fields;
        if (this.read.has(placed)) {
          gain |= 1 << rs1;
          reads |= (1 << rs1) & ~loss;
        }
        if (!this.set.has(placed)) continue;
        gain &= ~(1 << rd);
        loss |= 1 << rd;
      }
      // What is done outside may set all of them.
      if (goesOutside(block)) [gain, loss] = [0, -1];
      read.push(reads);
      gained.push(gain);
      lost.push(loss);
    }
    return { read, gained, lost };
  }

  /** For each block, the registers whose incoming values were checked on every way there, as bits. */
  private availability(): number[] {
    const { order, sources } = this.flow;
    const { gained, lost } = this.effects();
    const incoming: number[] = order.map((_, index) => (index === 0 ? 0 : -1));
    for (let changed = true; changed; ) {
      changed = false;
      for (let index = 1; index < order.length; index++) {
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
    const { order } = this.flow;
    const numbers = new Map<number, number>();
    const tight = tightBlocks(this.flow);
    const seenWide = new Set<number>();
    for (const block of order) {
      const checked = new Set<number>();
      for (const placed of block.body) {
        const { row, fields } = placed.instruction;
        const node = usesOf(row).memory;
        if (!node) continue;
        const value = this.read.get(placed) as number;
        const root = this.root(value);
        // Loads and stores add an immediate to their base; atomic accesses have none.
        const offset = node.addr.kind === "binary" ? fields.imm : 0;
        let web = numbers.get(root);
        if (web === undefined) {
          web = this.webs.length;
          numbers.set(root, web);
          this.webs.push({
            least: offset,
            most: offset,
            writes: false,
            crosses: false,
            wide: true,
            offsets: [],
          });
        }
        const comesIn = value < order.length * this.bases.length;
        const isChecked =
          checked.has(value) || (comesIn && (available[block.index] & (1 << fields.rs1)) !== 0);
        const known = isChecked ? "checked" : comesIn ? "maybe" : "unchecked";
        this.accesses.set(placed, { node, base: fields.rs1, offset, web, known });
        checked.add(value);
        extend(this.webs[web], node, offset, known === "maybe");
        this.webs[web].offsets.push(placed.offset);
        if (tight[block.index]) this.webs[web].wide = false;
        if (this.knownWide.has(placed.offset)) seenWide.add(web);
      }
    }
    for (const web of seenWide) this.webs[web].wide = true;
  }
}

function extend(web: Web, node: MemoryNode, offset: number, crosses: boolean): void {
  web.least = Math.min(web.least, offset);
  web.most = Math.max(web.most, offset + node.bits / 8);
  if (isWrite(node)) web.writes = true;
  if (crosses) web.crosses = true;
}
