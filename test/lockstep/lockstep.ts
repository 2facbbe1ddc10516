import type { JitMode, JitStats } from "../../src/cpu/jit/jit.ts";
import { hartDifferences, memoryDifferences } from "./compare.ts";
import type { MakeSide, Side } from "./side.ts";

export interface LockstepOptions {
  readonly jit: Exclude<JitMode, "off">;
  /** Instructions between two comparisons of the harts. */
  readonly piece: number;
  /** Pieces between two comparisons of memory and of what was printed. */
  readonly memoryEvery: number;
  /** Instructions after which it ends. */
  readonly most: number;
  readonly progress?: (retired: number) => void;
}

export interface LockstepEnd {
  /** Instructions that were compared, of all harts. */
  readonly retired: number;
  /** Of the machine with translated code. */
  readonly stats: JitStats;
  readonly output: string;
  /** What was different, and where; undefined: nothing. */
  readonly difference: string | undefined;
}

/** Runs a machine twice, once all interpreted, and compares what software can see of the two. */
export async function lockstep(make: MakeSide, options: LockstepOptions): Promise<LockstepEnd> {
  const { jit, piece, memoryEvery, most, progress } = options;
  const plain = await make("off");
  const translated = await make(jit);
  let difference: string | undefined;
  try {
    for (let n = 1, goesOn = true; goesOn && !difference && retired(plain) < most; n++) {
      const before = retired(plain);
      const [one, other] = [await plain.run(piece), await translated.run(piece)];
      goesOn = one && other;
      const found = hartDifferences(plain, translated);
      if (one !== other) found.push(`${one ? "only the translated one" : "only the interpreted one"} ended`);
      if (found.length > 0 || !goesOn || n % memoryEvery === 0) {
        found.push(...memoryDifferences(plain.ram, translated.ram));
        if (plain.output() !== translated.output())
          found.push(`printed ${JSON.stringify(end(plain))}, not ${JSON.stringify(end(translated))}`);
      }
      if (found.length > 0)
        difference = `after ${before} instructions:\n${[...found, ...suspects(translated)].join("\n")}`;
      progress?.(retired(plain));
    }
    const stats = translated.jit?.stats as JitStats;
    return { retired: retired(plain), stats, output: plain.output(), difference };
  } finally {
    await plain.close();
    await translated.close();
  }
}

const retired = ({ harts }: Side) => harts.reduce((sum, hart) => sum + hart.retired, 0);
const end = (side: Side) => side.output().slice(-200);

/** The regions that were translated last: they are new since all was alike. */
function suspects({ jit }: Side): string[] {
  return [...(jit?.table.all ?? [])].slice(-3).map(({ number, code, pages }) => {
    const first = pages[0] * 4096 + code.entry;
    return `region ${number} at physical ${first.toString(16)}, ${code.instructions} instructions`;
  });
}
