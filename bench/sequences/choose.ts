/** An instruction of a program, with how often it was executed. */
export interface Place {
  /** Mnemonic and length in bytes, as in `src/cpu/wasm/sequences.ts`: `addi/2`. */
  readonly name: string;
  /** Nothing follows it: a jump. A sequence may end with it. */
  readonly ends: boolean;
  /** It may stand in a sequence. */
  readonly fusable: boolean;
  /** Arrivals from anywhere but the place before. */
  readonly entered: number;
  /** How often the place after it was executed next. */
  readonly fellThrough: number;
}

/** Places that follow each other in memory; only the last one ends. */
export type Run = readonly Place[];

/** A program's executions. */
export interface Profile {
  readonly runs: readonly Run[];
  readonly instructions: number;
}

interface Node {
  chosen: boolean;
  readonly next: Map<string, Node>;
}

/** The chosen sequences, and what they make of a run as the code cache does: at each place the longest that fits. */
export class Chosen {
  readonly sequences: string[] = [];
  private readonly root: Node = { chosen: false, next: new Map() };

  add(sequence: string): void {
    let node = this.root;
    for (const name of sequence.split(" ")) {
      let next = node.next.get(name);
      if (!next) {
        next = { chosen: false, next: new Map() };
        node.next.set(name, next);
      }
      node = next;
    }
    if (node.chosen) return;
    node.chosen = true;
    this.sequences.push(sequence);
  }

  /** How many instructions one dispatch at `run[from]` executes. */
  longest(run: Run, from: number): number {
    let node: Node | undefined = this.root;
    let found = 1;
    for (let i = from; i < run.length && run[i].fusable; i++) {
      node = node.next.get(run[i].name);
      if (!node) break;
      if (node.chosen) found = i - from + 1;
    }
    return found;
  }
}

/** Dispatches per executed instruction, on average over the profiles. */
export function dispatchRate(profiles: readonly Profile[], chosen: Chosen): number {
  let sum = 0;
  for (const { runs, instructions } of profiles)
    for (const run of runs) sum += simulate(run, chosen).dispatches / instructions;
  return sum / profiles.length;
}

/**
 * Adds up to `count` sequences of at most `longest` instructions to `chosen`, each time the one that saves most
 * dispatches over all profiles, which count the same however long they ran.
 */
export function chooseGreedily(
  profiles: readonly Profile[],
  chosen: Chosen,
  count: number,
  longest: number,
): void {
  for (let i = 0; i < count; i++) {
    const savings = new Map<string, number>();
    for (const { runs, instructions } of profiles)
      for (const run of runs) addSavings(run, chosen, longest, 1 / instructions, savings);
    let best: string | undefined;
    let most = 0;
    for (const [sequence, saving] of savings) {
      if (saving <= most) continue;
      best = sequence;
      most = saving;
    }
    if (best === undefined) return;
    chosen.add(best);
  }
}

/** What a run's execution comes to: of each place, dispatches that happen there, and those from there to the end. */
interface Flow {
  readonly dispatches: number;
  /** How often each place is dispatched to. */
  readonly at: Float64Array;
  /** Dispatches that one at the place leads to within the run, itself included. */
  readonly ahead: Float64Array;
}

function simulate(run: Run, chosen: Chosen): Flow {
  const lengths = run.map((_, i) => chosen.longest(run, i));
  const at = new Float64Array(run.length + 1);
  let dispatches = 0;
  for (let i = 0; i < run.length; i++) {
    at[i] += run[i].entered;
    dispatches += at[i];
    at[i + lengths[i]] += at[i] * reaching(run, i, lengths[i]);
  }
  const ahead = new Float64Array(run.length + 1);
  for (let i = run.length - 1; i >= 0; i--)
    ahead[i] = 1 + reaching(run, i, lengths[i]) * ahead[i + lengths[i]];
  return { dispatches, at, ahead };
}

/** Which part of the executions that begin at `from` get `length` places further: branches between are taken or not. */
function reaching(run: Run, from: number, length: number): number {
  let part = 1;
  for (let i = from; i < from + length; i++) {
    const executed = run[i].entered + (i === 0 ? 0 : run[i - 1].fellThrough);
    part *= executed === 0 ? 0 : run[i].fellThrough / executed;
  }
  return part;
}

/** Adds to `savings` what each sequence of the run would save where it became the longest at a place. */
function addSavings(
  run: Run,
  chosen: Chosen,
  longest: number,
  weight: number,
  savings: Map<string, number>,
): void {
  const { at, ahead } = simulate(run, chosen);
  run.forEach((place, from) => {
    if (at[from] === 0) return;
    const known = chosen.longest(run, from);
    let sequence = place.name;
    for (let length = 2; length <= longest && from + length <= run.length; length++) {
      if (!run[from + length - 2].fusable || !run[from + length - 1].fusable) return;
      sequence += ` ${run[from + length - 1].name}`;
      if (length <= known) continue;
      const then = 1 + reaching(run, from, length) * ahead[from + length];
      const saved = at[from] * (ahead[from] - then) * weight;
      savings.set(sequence, (savings.get(sequence) ?? 0) + saved);
    }
  });
}
