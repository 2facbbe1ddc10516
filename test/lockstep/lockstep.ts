import type { JitMode, JitStats } from "../../src/cpu/jit/jit.ts";
import { hartDifferences, memoryDifferences } from "./compare.ts";
import { Exits } from "./exits.ts";
import type { MakeSide, Side } from "./side.ts";

export interface LockstepOptions {
  readonly jit: Exclude<JitMode, "off">;
  /** Instructions that the machine with translated code runs at once: harts are compared there, too. */
  readonly piece: number;
  /** Pieces between two comparisons of memory and of what was printed. */
  readonly memoryEvery: number;
  /** Instructions after which it ends. */
  readonly most: number;
  readonly progress?: (end: Pick<LockstepEnd, "retired" | "exits">) => void;
}

export interface LockstepEnd {
  /** Instructions that were compared, of all harts. */
  readonly retired: number;
  /** Exits of regions at which the harts were compared. */
  readonly exits: number;
  /** Of the machine with translated code. */
  readonly stats: JitStats;
  readonly output: string;
  /** What was different, and where; undefined: nothing. */
  readonly difference: string | undefined;
}

/**
 * Runs a machine twice, once all interpreted, and compares what software can see of the two: of the hart that runs wherever
 * a region is left, of all harts at the end of each piece, of memory now and then. The interpreted machine is run to each
 * place where the other one was.
 */
export async function lockstep(make: MakeSide, options: LockstepOptions): Promise<LockstepEnd> {
  const { jit, piece, memoryEvery, most, progress } = options;
  const plain = await make("off");
  const translated = await make(jit);
  const log = new Exits(translated);
  let exits = 0;
  let difference: string | undefined;
  try {
    for (let n = 1, goesOn = true; goesOn && !difference && retired(plain) < most; n++) {
      const before = retired(plain);
      const end = plain.spent() + piece;
      log.clear();
      const other = await translated.run(piece);
      const found = await atExits(plain, log);
      exits += log.positions.length;
      const one = found.length === 0 && (await runTo(plain, end));
      goesOn = one && other;
      if (found.length === 0) {
        found.push(...hartDifferences(plain, translated));
        if (one !== other)
          found.push(`${one ? "only the translated one" : "only the interpreted one"} ended`);
        if (found.length > 0 || !goesOn || n % memoryEvery === 0)
          found.push(
            ...memoryDifferences(plain.ram, translated.ram),
            ...outputDifferences(plain, translated),
          );
      }
      if (found.length > 0)
        difference = `after ${before} instructions:\n${[...found, ...suspects(translated)].join("\n")}`;
      for (const side of [plain, translated]) side.type();
      progress?.({ retired: retired(plain), exits });
    }
    const stats = translated.jit?.stats as JitStats;
    return { retired: retired(plain), exits, stats, output: plain.output(), difference };
  } finally {
    await plain.close();
    await translated.close();
  }
}

/** What differs at the first exit where something does. */
async function atExits(plain: Side, log: Exits): Promise<string[]> {
  for (const [index, position] of log.positions.entries()) {
    const goesOn = await runTo(plain, position);
    const found = log.differences(index, plain);
    if (plain.spent() !== position)
      found.push(`it ${goesOn ? "went on" : "ended"} after ${plain.spent()} steps, not ${position}`);
    if (found.length > 0) return found;
  }
  return [];
}

/** Runs to where so much is spent: a device can end a run sooner. Returns whether the machine can go on. */
async function runTo(side: Side, position: number): Promise<boolean> {
  let goesOn = true;
  while (goesOn && side.spent() < position) goesOn = await side.run(position - side.spent());
  return goesOn;
}

const retired = ({ harts }: Side) => harts.reduce((sum, hart) => sum + hart.retired, 0);

function outputDifferences(one: Side, other: Side): string[] {
  const [mine, its] = [one, other].map((side) => side.output());
  return mine === its
    ? []
    : [`printed ${JSON.stringify(mine.slice(-200))}, not ${JSON.stringify(its.slice(-200))}`];
}

/** The regions that were translated last: they are new since all was alike. */
function suspects({ jit }: Side): string[] {
  return [...(jit?.table.all ?? [])].slice(-3).map(({ number, code, pages }) => {
    const first = pages[0] * 4096 + code.entry;
    return `region ${number} at physical ${first.toString(16)}, ${code.instructions} instructions`;
  });
}
