import { ENTRY_MASK } from "./cell.ts";
import { analyseFlow, type Flow, retarget } from "./flow.ts";
import type { Block, Chosen } from "./region.ts";

/** A block that chooses where control goes to by the number of the entry that it has come in by. */
interface Chooser extends Block {
  readonly end: { readonly kind: "choose"; readonly chosen: Chosen[]; other: Block };
}

/**
 * The blocks that a region had better be entered at, besides its beginning: behind its calls and system instructions. The calls
 * that the region was inside of may be given up meanwhile, and it is the interpreter that comes back there.
 */
export function blocksToEnter({ order }: Flow): Block[] {
  const found = new Set<Block>();
  for (const { end } of order)
    if ((end.kind === "call" || end.kind === "system") && typeof end.back !== "number") found.add(end.back);
  found.delete(order[0]);
  return [...found].slice(0, ENTRY_MASK);
}

/**
 * Has control come to blocks from outside, too, where the function begins with a number that says to which of them: 0 means
 * to none. In structured control flow a loop is only come to by its head, so a loop with such blocks inside has another head
 * that chooses. Returns the new flow, and the blocks, the first of them number 1.
 */
export function withEntries(flow: Flow, blocks: readonly Block[]): { flow: Flow; entries: readonly Block[] } {
  if (blocks.length === 0) return { flow, entries: [] };
  const { order, loops } = flow;
  /** The heads of the loops around it, the outermost first, but for the region's first block and itself. */
  const headsOf = ({ index }: Block) => loops[index].filter((head) => head !== index && head !== 0);
  // What is in the same loop has numbers that follow each other.
  const entries = [...blocks].sort((a, b) => compare([...headsOf(a), a.index], [...headsOf(b), b.index]));
  const choosers = new Map<number, Chooser>();
  for (const head of [0, ...entries.flatMap(headsOf)])
    if (!choosers.has(head)) choosers.set(head, chooserOf(order[head]));
  const isHead = (index: number) => loops[index].includes(index);
  for (const { end } of order)
    retarget(end, (to) => (isHead(to.index) ? choosers.get(to.index) : undefined) ?? to);
  entries.forEach((block, i) => {
    const end = { kind: "entered", back: choosers.get(block.index) ?? block } as const;
    let to: Block = { index: -1, offset: block.offset, body: [], end: { ...end }, all: [] };
    for (const head of [0, ...headsOf(block)].reverse()) {
      const chooser = choosers.get(head) as Chooser;
      const { chosen } = chooser.end;
      const last = chosen.at(-1);
      if (last?.to === to) last.most = i + 1;
      else chosen.push({ most: i + 1, to });
      to = chooser;
    }
  });
  return { flow: analyseFlow(choosers.get(0) as Chooser), entries };
}

function chooserOf(head: Block): Chooser {
  return {
    index: -1,
    offset: head.offset,
    body: [],
    end: { kind: "choose", chosen: [], other: head },
    all: [],
  };
}

function compare(a: readonly number[], b: readonly number[]): number {
  for (let i = 0; i < a.length && i < b.length; i++) if (a[i] !== b[i]) return a[i] - b[i];
  return a.length - b.length;
}
