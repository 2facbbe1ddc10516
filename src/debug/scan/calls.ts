import { slotOf } from "../../kernel/rksyscall/slots.ts";
import { scanText } from "../../messages/scan.ts";
import { followUnit } from "./flow.ts";
import type { Slot, Unit } from "./module.ts";
import { unitAt } from "./module.ts";
import type { Reach, Reached } from "./reach.ts";
import type { RegisterState } from "./registers.ts";
import { type CodeLine, comesBack, flowOf, readUnit } from "./unit-code.ts";
import type { Value } from "./values.ts";

/** A place whose system call is not known. */
export interface Undecided {
  readonly unit: Unit;
  readonly address: number;
  readonly why: string;
}

export interface Calls {
  /** The functions that make a call, by its number. */
  readonly calls: Map<number, Set<Unit>>;
  readonly undecided: readonly Undecided[];
}

const A7 = 17;
/** Numbers from here on are no system calls, whatever a register is seen to hold. */
const NUMBERS = 0x1_0000;

/** Which system calls the code makes that a program can come to. */
export function findCalls(reach: Reach): Calls {
  return new CallFinder(reach).find();
}

/**
 * A function that makes a call whose number was given to it is a wrapper, by the register of the number. Its callers
 * are then looked at for what they give it; some of those are wrappers in their turn.
 */
class CallFinder {
  private readonly reach: Reach;
  private readonly calls = new Map<number, Set<Unit>>();
  private readonly undecided = new Map<string, Undecided>();
  private readonly wrappers = new Map<Unit, Set<number>>();
  private readonly pending: { wrapper: Unit; register: number }[] = [];
  private readonly returning = new Map<Unit, boolean>();
  /** Who refers to a unit. */
  private readonly referrers = new Map<Unit, Set<Unit>>();

  constructor(reach: Reach) {
    this.reach = reach;
    for (const [unit, { references }] of reach.units) {
      for (const address of references.entered) this.refer(unit, unitAt(unit.module, address));
      for (const slot of references.slots)
        for (const target of reach.resolve(unit.module, slot)) this.refer(unit, target.unit);
    }
  }

  find(): Calls {
    for (const [unit, reached] of this.reach.units) {
      for (const address of reached.hidden) this.leaveOpen(unit, address, scanText.hidden());
      if (!reached.hasEcall) continue;
      this.follow(reached, (line, state) => {
        if (line.instruction?.row.name === "ecall") this.note(reached, line, state.get(A7));
      });
    }
    for (let next = this.pending.pop(); next; next = this.pending.pop())
      this.findCallers(next.wrapper, next.register);
    return { calls: this.calls, undecided: [...this.undecided.values()] };
  }

  private refer(from: Unit, to: Unit | undefined): void {
    if (!to) return;
    const known = this.referrers.get(to);
    if (known) known.add(from);
    else this.referrers.set(to, new Set([from]));
  }

  private follow(reached: Reached, visit: (line: CodeLine, state: RegisterState) => void): void {
    const { unit, entries } = reached;
    const isBack = (target: number) => {
      const called = unitAt(unit.module, target);
      return called?.start !== target || this.comesBack(called);
    };
    if (!followUnit(readUnit(unit), entries, isBack, visit))
      this.leaveOpen(unit, unit.start, scanText.tooComplex());
  }

  private comesBack(unit: Unit): boolean {
    let answer = this.returning.get(unit);
    if (answer === undefined) {
      answer = comesBack(readUnit(unit));
      this.returning.set(unit, answer);
    }
    return answer;
  }

  /** At `line` a call is made whose number is `value`. */
  private note({ unit, isTaken }: Reached, line: CodeLine, value: Value): void {
    let { open } = value;
    for (const thing of value.things) {
      if (typeof thing === "number") {
        if ((thing >= 0 && thing < NUMBERS) || slotOf(thing) !== -1) this.found(thing, unit);
      } else if (thing[0] === "r") {
        this.wrap(unit, Number(thing.slice(1)));
        if (isTaken) this.leaveOpen(unit, line.address, scanText.wrapperTaken());
      } else open = true;
    }
    if (open) this.leaveOpen(unit, line.address, scanText.numberUnknown());
  }

  private found(number: number, unit: Unit): void {
    const known = this.calls.get(number);
    if (known) known.add(unit);
    else this.calls.set(number, new Set([unit]));
  }

  private wrap(wrapper: Unit, register: number): void {
    const known = this.wrappers.get(wrapper);
    if (known?.has(register)) return;
    if (known) known.add(register);
    else this.wrappers.set(wrapper, new Set([register]));
    this.pending.push({ wrapper, register });
  }

  /** Looks at everything that refers to a wrapper. What refers to it otherwise than by calling it leaves it open. */
  private findCallers(wrapper: Unit, register: number): void {
    for (const caller of this.referrers.get(wrapper) ?? []) {
      const reached = this.reach.units.get(caller) as Reached;
      let calls = false;
      this.follow(reached, (line, state) => {
        if (!this.callees(caller, line, state).includes(wrapper)) return;
        calls = true;
        this.note(reached, line, state.get(register));
      });
      if (!calls) this.leaveOpen(caller, caller.start, scanText.wrapperPassedOn());
    }
  }

  /** The units that an instruction may call, or jump to for good. */
  private callees(unit: Unit, line: CodeLine, state: RegisterState): Unit[] {
    const flow = flowOf(line);
    const at = (address: number) => {
      const found = unitAt(unit.module, address);
      return found?.start === address ? [found] : [];
    };
    if (flow.kind === "call" || flow.kind === "jump" || flow.kind === "branch") return at(flow.target);
    if (flow.kind !== "indirect" || !line.instruction) return [];
    const { rs1, imm } = line.instruction.fields;
    return [...state.get(rs1).things].flatMap((thing) => {
      if (typeof thing === "number") return at(thing + imm);
      if (thing[0] !== "g" || imm !== 0) return [];
      const slot: Slot | undefined = unit.module.slots.get(Number(thing.slice(1)));
      return slot ? this.reach.resolve(unit.module, slot).map((target) => target.unit) : [];
    });
  }

  private leaveOpen(unit: Unit, address: number, why: string): void {
    this.undecided.set(`${unit.module.name} ${address} ${why}`, { unit, address, why });
  }
}
