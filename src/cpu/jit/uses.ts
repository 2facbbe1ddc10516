import type { Effect, Expr, RegisterField, SystemRoutine } from "../../isa/meaning.ts";
import type { Instruction } from "../../isa/row.ts";
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
  /** How it ends a block, if it does. */
  readonly ends: BlockEnd | undefined;
}

export type BlockEnd =
  | "branch"
  | "jump"
  /** It is done outside of the region, and mostly lets the next one follow: so does a call that the library OS answers. */
  | "system"
  /** It is left to the interpreter. */
  | "leave";

/** By the row's index, found once for each: a translation asks for every instruction. */
const known: (Uses | undefined)[] = [];

export function usesOf({ index, row }: Instruction): Uses {
  let uses = known[index];
  if (!uses) {
    uses = find(row.meaning);
    known[index] = uses;
  }
  return uses;
}

const ELSEWHERE: ReadonlySet<SystemRoutine> = new Set(["ebreak", "mret", "sret", "wfi"]);

function find(meaning: Effect): Uses {
  const x = new Set<RegisterField>();
  const f = new Set<RegisterField>();
  /** A floating-point operation without an inline form: it can only be done by a call. */
  let needsCall = false;
  visit(meaning, (expr) => {
    if (expr.kind === "x") x.add(expr.field);
    if (expr.kind === "f") f.add(expr.field);
    if (expr.kind === "float" && !hasInlineFloat(expr.op)) needsCall = true;
  });
  const { kind } = meaning;
  let ends: BlockEnd | undefined;
  if (kind === "branch" || kind === "jump") ends = kind;
  else if (kind === "system") ends = ELSEWHERE.has(meaning.routine) ? "leave" : "system";
  else if (needsCall) ends = "leave";
  const writes = kind === "setX" || kind === "jump" ? "x" : kind === "setF" ? "f" : undefined;
  return { x: [...x], f: [...f], writes, memory: memoryNode(meaning), ends };
}

function visit(node: unknown, each: (expr: Expr) => void): void {
  if (typeof node !== "object" || node === null) return;
  each(node as Expr);
  for (const child of Object.values(node)) visit(child, each);
}
