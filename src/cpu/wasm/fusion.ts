import { rows } from "../../isa/table.ts";
import { Handler, handlerIndex, Variant } from "../slots.ts";
import { SEQUENCES } from "./sequences.ts";

/** Fused handlers save the dispatches between instructions: the handlers (`handlerIndex`) that each stands for. */
export function fusions(): number[][] {
  const indexByName = new Map(rows.map((row, index) => [row.name, index]));
  const handlerOf = (name: string) => {
    const [mnemonic, length] = name.split("/");
    const index = indexByName.get(mnemonic);
    if (index === undefined) throw new Error(`no instruction is named ${mnemonic}`);
    return handlerIndex(index, length === "2" ? Variant.compressed : 0);
  };
  return SEQUENCES.map((names) => names.split(" ").map(handlerOf));
}

/** Function table index of the first fused handler. */
export const FIRST_FUSION = Handler.rows + rows.length * Variant.count;

/** Function table index of what is called where there is no region. */
export const NO_BODY = FIRST_FUSION + SEQUENCES.length;

/** Function table index of the handler of the translated regions' first entry, and how many entries there may be. */
export const FIRST_REGION = NO_BODY + 1;
export const MOST_ENTRIES = 16_384;
/** Behind the handlers, the regions themselves in the same order. */
export const FIRST_BODY = FIRST_REGION + MOST_ENTRIES;
export const TABLE_SIZE = FIRST_BODY + MOST_ENTRIES;

interface Node {
  /** Function table index of the handler for the sequence that ends here; 0 for none. */
  fused: number;
  readonly next: Map<number, Node>;
}

function buildTree(): Node {
  const root: Node = { fused: 0, next: new Map() };
  fusions().forEach((handlers, i) => {
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
  return root;
}

/** Made when it is first needed: a short program never asks. */
let tree: Node | undefined;

/** The fused handler for the longest sequence that begins at `handlers[from]`, or 0. */
export function fusedHandler(handlers: readonly number[], from: number): number {
  tree ??= buildTree();
  let node: Node | undefined = tree;
  let found = 0;
  for (let i = from; node && i < handlers.length; i++) {
    node = node.next.get(handlers[i]);
    if (node?.fused) found = node.fused;
  }
  return found;
}
