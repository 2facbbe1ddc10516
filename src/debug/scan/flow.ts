import { RegisterState } from "./registers.ts";
import { type CodeLine, flowOf, type UnitCode } from "./unit-code.ts";

/** Steps for each instruction of a unit before its values are given up. */
const PATIENCE = 400;
const ENTRY_SIZE = 4;

/**
 * Follows the registers through a unit and shows `visit` each of its instructions with all that they may hold before it.
 * `entries`: addresses inside, its start too, at which the code is entered by something else than a call of the unit.
 * `comesBack`: whether a call of an address may. False: given up, and nothing was shown.
 */
export function followUnit(
  code: UnitCode,
  entries: ReadonlySet<number>,
  comesBack: (target: number) => boolean,
  visit: (line: CodeLine, state: RegisterState) => void,
): boolean {
  const taken = { lowest: Number.POSITIVE_INFINITY };
  // Once an address of the stack is found to be taken, calls forget what stands there: again with that.
  for (;;) {
    const { lowest } = taken;
    const states = new UnitFlow(code, taken, entries, comesBack).settle();
    if (!states) return false;
    if (taken.lowest !== lowest) continue;
    for (const [place, state] of states) replay(code, states, place, state.copy(), visit);
    return true;
  }
}

/** From one place where ways meet to the next. */
function replay(
  { lines }: UnitCode,
  states: ReadonlyMap<number, RegisterState>,
  from: number,
  state: RegisterState,
  visit: (line: CodeLine, state: RegisterState) => void,
): void {
  for (let place = from; place < lines.length && (place === from || !states.has(place)); place++) {
    const line = lines[place];
    visit(line, state);
    const { kind } = flowOf(line);
    if (kind === "next") state.step(line);
    // Behind everything else stands a place of its own.
    else return;
  }
}

class UnitFlow {
  private readonly code: UnitCode;
  private readonly taken: { lowest: number };
  /** What is known where ways meet, by place. */
  private readonly states = new Map<number, RegisterState>();
  private readonly pending = new Set<number>();
  private readonly seen = new Set<number>();
  private readonly entries: readonly number[];
  /** Places that the unit's jump tables may lead to. */
  private readonly tables: readonly number[];
  /** All places that more than one way may lead to. */
  private readonly meetings: ReadonlySet<number>;
  private readonly comesBack: (target: number) => boolean;
  private steps = 0;

  constructor(
    code: UnitCode,
    taken: { lowest: number },
    entries: ReadonlySet<number>,
    comesBack: (target: number) => boolean,
  ) {
    this.code = code;
    this.comesBack = comesBack;
    this.taken = taken;
    const placesOf = (addresses: ReadonlySet<number>) =>
      [...addresses].flatMap((address) => code.places.get(address) ?? []);
    this.entries = placesOf(entries);
    this.tables = tableTargets(code);
    this.meetings = new Set([...placesOf(code.targets), ...this.entries, ...this.tables]);
  }

  settle(): ReadonlyMap<number, RegisterState> | undefined {
    const { code, taken } = this;
    const { module } = code.unit;
    const unknown = () => RegisterState.unknown(module, taken);
    this.reach(0, RegisterState.entered(module, taken));
    for (const place of this.entries) this.reach(place, unknown());
    if (!this.drain()) return undefined;
    // What no way was found to, there is one to: through a table that was not understood, or from outside.
    for (let place = 0; place < code.lines.length; place++) {
      if (this.seen.has(place) || !code.lines[place].instruction) continue;
      this.reach(place, unknown());
      if (!this.drain()) return undefined;
    }
    return this.states;
  }

  private reach(place: number, state: RegisterState): void {
    const known = this.states.get(place);
    if (!known) this.states.set(place, state.copy());
    else if (!known.add(state)) return;
    this.pending.add(place);
  }

  private drain(): boolean {
    const most = this.code.lines.length * PATIENCE;
    for (const place of this.pending) {
      this.pending.delete(place);
      this.walk(place);
      if (this.steps > most) return false;
    }
    return true;
  }

  private walk(from: number): void {
    const { lines, places } = this.code;
    const state = (this.states.get(from) as RegisterState).copy();
    for (let place = from; place < lines.length; place++) {
      if (place !== from && this.meetings.has(place)) {
        this.reach(place, state);
        return;
      }
      this.seen.add(place);
      this.steps++;
      const line = lines[place];
      const flow = flowOf(line);
      if (flow.kind === "next") {
        state.step(line);
        continue;
      }
      if (flow.kind === "branch" || flow.kind === "jump") {
        const target = places.get(flow.target);
        if (target !== undefined) this.reach(target, state);
      }
      if (flow.kind === "indirect" && !flow.link) for (const target of this.tables) this.reach(target, state);
      const isBack =
        flow.kind === "call" ? this.comesBack(flow.target) : flow.kind === "indirect" && flow.link;
      if (isBack) state.afterCall();
      if ((isBack || flow.kind === "branch") && place + 1 < lines.length) this.reach(place + 1, state);
      return;
    }
  }
}

/**
 * Places that a unit's jump tables may lead to: tables of 32-bit distances from the table, or of addresses, as compilers make
 * them. Every address that the unit forms is taken for a table as far as its entries lead into the unit.
 */
function tableTargets(code: UnitCode): readonly number[] {
  const jumps = code.lines.some((line) => {
    const flow = flowOf(line);
    return flow.kind === "indirect" && !flow.link;
  });
  if (!jumps) return [];
  const found = new Set<number>();
  for (const base of formedAddresses(code))
    for (const entry of tableEntries(code.unit.module, base)) {
      const place = code.places.get(base + entry) ?? code.places.get(entry);
      if (place === undefined) break;
      found.add(place);
    }
  return [...found];
}

function formedAddresses({ lines }: UnitCode): Set<number> {
  const halves = new Map<number, number>();
  const found = new Set<number>();
  for (const { address, instruction } of lines) {
    if (!instruction) continue;
    const { row, fields } = instruction;
    if (row.name === "auipc") halves.set(fields.rd, address + fields.imm);
    else if (row.name === "lui") halves.set(fields.rd, fields.imm);
    else if (row.name === "addi" || row.name === "addiw") {
      const half = halves.get(fields.rs1);
      if (half !== undefined) found.add(half + fields.imm);
    }
  }
  return found;
}

function* tableEntries(module: UnitCode["unit"]["module"], base: number): Generator<number> {
  const segment = module.image.segments.find(
    ({ address, fileSize }) => base >= address && base < address + fileSize,
  );
  if (!segment) return;
  const { bytes } = segment;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = base - segment.address; at + ENTRY_SIZE <= bytes.length; at += ENTRY_SIZE)
    yield view.getInt32(at, true);
}
