import type { Code } from "../wasm/encoder.ts";
import type { Flow } from "./flow.ts";
import type { Block } from "./region.ts";

/** Writes the parts that are not control flow. */
export interface BlockWriter {
  /** At the beginning of a loop, each time around. */
  loopHead(block: Block): void;
  /** The instructions, and after them the jumps: `go` for each block that the end goes to. */
  block(block: Block, go: (to: Block) => void): void;
  /** Before control goes from one block to another; `joins`: others come to it, too. */
  edge(from: Block, to: Block, joins: boolean): void;
}

/**
 * Writes a region with WebAssembly's blocks and loops. A loop begins at each block that an edge goes back to; a block that
 * several edges go forward to stands behind a `block` that they leave; any other stands where its only source goes to it
 * (Ramsey, "Beyond Relooper", ICFP 2022). Nothing comes behind the written code.
 */
export function writeStructured(code: Code, flow: Flow, writer: BlockWriter): void {
  new Structurer(code, flow, writer).tree(flow.order[0]);
}

class Structurer {
  private readonly code: Code;
  private readonly writer: BlockWriter;
  /** The level (`Code.depth`) of the label that a jump to the block leaves or repeats. */
  private readonly labels = new Map<Block, number>();
  private readonly children: Block[][];
  private readonly isMerge: boolean[];
  private readonly isLoop: boolean[];

  constructor(code: Code, flow: Flow, writer: BlockWriter) {
    const { order, dominator, sources } = flow;
    this.code = code;
    this.writer = writer;
    this.isMerge = sources.map((from, index) => from.filter((source) => source < index).length > 1);
    this.isLoop = sources.map((from, index) => from.some((source) => source >= index));
    this.children = order.map(() => []);
    // The last in the order stands outermost.
    for (let index = order.length - 1; index > 0; index--)
      if (this.isMerge[index]) this.children[dominator[index]].push(order[index]);
  }

  tree(block: Block): void {
    const { code } = this;
    if (!this.isLoop[block.index]) {
      this.within(block, this.children[block.index]);
      return;
    }
    code.loop();
    this.labels.set(block, code.depth);
    this.writer.loopHead(block);
    this.within(block, this.children[block.index]);
    code.op("end");
  }

  /** The block with the merges that it dominates behind it, beginning with that at `from`, the first of them outermost. */
  private within(block: Block, merges: readonly Block[], from = 0): void {
    const { code } = this;
    if (from === merges.length) {
      this.writer.block(block, (to) => this.go(block, to));
      return;
    }
    const merge = merges[from];
    code.block();
    // A merge that is a loop as well has the label of its loop only inside it.
    this.labels.set(merge, code.depth);
    this.within(block, merges, from + 1);
    code.op("end");
    this.tree(merge);
  }

  private go(from: Block, to: Block): void {
    const label = this.labels.get(to);
    const isBack = to.index <= from.index;
    const isInline = !isBack && !this.isMerge[to.index];
    this.writer.edge(from, to, !isInline || this.isLoop[to.index]);
    if (isInline) {
      this.tree(to);
      return;
    }
    if (label === undefined) throw new Error("a block has no label where it is gone to");
    this.code.brTo(label);
  }
}
