import { isDirect } from "../../src/cpu/wasm/variants.ts";
import { GuestMemory } from "../../src/debug/guest-memory.ts";
import { decode, instructionLength } from "../../src/isa/decode.ts";
import { createGuest } from "../guest.ts";
import type { Place, Profile } from "./choose.ts";
import { endsRun, isFusable, sequenceName } from "./instruction.ts";

const PAGE_SIZE = 4096;

interface Counted {
  readonly length: number;
  readonly name: string;
  readonly ends: boolean;
  readonly fusable: boolean;
  entered: number;
  fellThrough: number;
}

/** Steps a program through its first `limit` instructions at most, counting what is executed. */
export async function profileProgram(
  elf: Uint8Array,
  args: readonly string[],
  limit: number,
): Promise<Profile> {
  const { machine } = await createGuest(elf, args[0], args.slice(1));
  const { hart, ram } = machine.board;
  const memory = new GuestMemory(ram, () => hart.csrs.satpRoot);
  const places = new Map<number, Counted>();
  let before: Counted | undefined;
  let follows = -1;
  let instructions = 0;
  // The first step puts the thread on the hart.
  await machine.run(1);
  while (instructions < limit && !machine.outcome) {
    const pc = Number(hart.pc);
    const retired = hart.retired;
    await machine.run(1);
    // A trap came instead: the instruction is executed afterwards, or not at all.
    if (hart.retired === retired) continue;
    let place = places.get(pc);
    if (!place) {
      place = look(memory, pc);
      places.set(pc, place);
    }
    if (before && pc === follows && pc % PAGE_SIZE !== 0) before.fellThrough++;
    else place.entered++;
    before = place;
    follows = pc + place.length;
    instructions++;
  }
  return { runs: straightRuns(places), instructions };
}

function look(memory: GuestMemory, pc: number): Counted {
  const bytes = memory.read(pc, 4);
  const low = bytes[0] | (bytes[1] << 8);
  const length = instructionLength(low);
  const instruction = decode(length === 2 ? low : low | (bytes[2] << 16) | (bytes[3] << 24));
  if (!instruction) throw new Error(`an illegal instruction was executed at ${pc.toString(16)}`);
  const { row, fields } = instruction;
  const offset = pc % PAGE_SIZE;
  const target = offset + fields.imm;
  // Branches out of the page and instructions across its edge have handlers of their own.
  const isFar = isDirect(row) && (target < 0 || target >= PAGE_SIZE);
  const inside = !isFar && offset + length <= PAGE_SIZE;
  return {
    length,
    name: sequenceName(instruction),
    ends: endsRun(row),
    fusable: inside && isFusable(row),
    entered: 0,
    fellThrough: 0,
  };
}

/** Executed places that stand one after the other, up to a jump or a page's end. */
function straightRuns(places: ReadonlyMap<number, Counted>): Place[][] {
  const runs: Place[][] = [];
  let run: Place[] = [];
  let follows = -1;
  for (const [pc, place] of [...places].sort(([a], [b]) => a - b)) {
    if (pc !== follows || pc % PAGE_SIZE === 0) {
      run = [];
      runs.push(run);
    }
    run.push(place);
    follows = place.ends ? -1 : pc + place.length;
  }
  return runs;
}
