import { rowByName, rows } from "../../isa/table.ts";
import { Handler, handlerIndex, Variant } from "../slots.ts";

/**
 * Instructions that often follow each other and so have a common handler, which saves the dispatches between them.
 * A name's ending is its length in bytes. Chosen by counting sequences in real programs (`bench/sequences.ts`).
 */
const SEQUENCES = ["addi/2 bne/4", "addi/4 bne/4", "ld/2 ld/2", "sd/2 sd/2"];

function handlerOf(name: string): number {
  const [mnemonic, length] = name.split("/");
  const row = rowByName(mnemonic);
  if (!row) throw new Error(`no instruction is named ${mnemonic}`);
  return handlerIndex(rows.indexOf(row), length === "2" ? Variant.compressed : 0);
}

/** The handlers (`handlerIndex`) that each fused handler stands for. */
export const fusions: readonly (readonly number[])[] = SEQUENCES.map((names) =>
  names.split(" ").map(handlerOf),
);

/** Function table index of the first fused handler. */
export const FIRST_FUSION = Handler.rows + rows.length * Variant.count;

interface Node {
  /** Function table index of the handler for the sequence that ends here; 0 for none. */
  fused: number;
  readonly next: Map<number, Node>;
}

const root: Node = { fused: 0, next: new Map() };
fusions.forEach((handlers, i) => {
  let node = root;
  for (const handler of handlers) {
    let next = node.next.get(handler);
    if (!next) {
      next = { fused: 0, next: new Map() };
      node.next.set(handler, next);
    }
    node = next;
  }
  node.fused = FIRST_FUSION + i;
});

/** The fused handler for the longest sequence that begins at `handlers[from]`, or 0. */
export function fusedHandler(handlers: readonly number[], from: number): number {
  let node: Node | undefined = root;
  let found = 0;
  for (let i = from; node && i < handlers.length; i++) {
    node = node.next.get(handlers[i]);
    if (node?.fused) found = node.fused;
  }
  return found;
}
