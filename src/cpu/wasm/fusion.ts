import { rows } from "../../isa/table.ts";
import { Handler, handlerIndex, Variant } from "../slots.ts";
import { SEQUENCES } from "./sequences.ts";

const indexByName = new Map(rows.map((row, index) => [row.name, index]));

function handlerOf(name: string): number {
  const [mnemonic, length] = name.split("/");
  const index = indexByName.get(mnemonic);
  if (index === undefined) throw new Error(`no instruction is named ${mnemonic}`);
  return handlerIndex(index, length === "2" ? Variant.compressed : 0);
}

/** Fused handlers save the dispatches between instructions: the handlers (`handlerIndex`) that each stands for. */
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
