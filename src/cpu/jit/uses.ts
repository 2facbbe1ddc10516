import type { Effect, Expr, RegisterField } from "../../isa/meaning.ts";
import type { Row } from "../../isa/row.ts";
import { hasInlineFloat } from "../wasm/float-inline.ts";
import { type MemoryNode, memoryNode } from "../wasm/memory-access.ts";

/** What an instruction's meaning takes. */
export interface Uses {
  /** Fields of integer registers that are read. */
  readonly x: readonly RegisterField[];
  /** Fields of floating-point registers that are read. */
  readonly f: readonly RegisterField[];
  /** The file that `rd` is written in. */
  readonly writes: "x" | "f" | undefined;
  readonly memory: MemoryNode | undefined;
  /** A floating-point operation without an inline form: it can only be done by a call. */
  readonly needsCall: boolean;
}

/** Found once for each meaning: a translation asks for every instruction. */
const known = new Map<Effect, Uses>();

export function usesOf({ meaning }: Row): Uses {
  let uses = known.get(meaning);
  if (!uses) {
    uses = find(meaning);
    known.set(meaning, uses);
  }
  return uses;
}

function find(meaning: Effect): Uses {
  const x = new Set<RegisterField>();
  const f = new Set<RegisterField>();
  let needsCall = false;
  visit(meaning, (expr) => {
    if (expr.kind === "x") x.add(expr.field);
    if (expr.kind === "f") f.add(expr.field);
    if (expr.kind === "float" && !hasInlineFloat(expr.op)) needsCall = true;
  });
  const { kind } = meaning;
  const writes = kind === "setX" || kind === "jump" ? "x" : kind === "setF" ? "f" : undefined;
  return { x: [...x], f: [...f], writes, memory: memoryNode(meaning), needsCall };
}

function visit(node: unknown, each: (expr: Expr) => void): void {
  if (typeof node !== "object" || node === null) return;
  each(node as Expr);
  for (const child of Object.values(node)) visit(child, each);
}
