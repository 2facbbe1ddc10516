import { testingMessages as text } from "../messages/testing.ts";
import { flagLetters, hex64, type TestMachine, type Trap } from "./machine.ts";

/** How a program stopped, in a sentence. */
export function stopped(machine: TestMachine): string {
  const where = () => machine.describe(BigInt.asUintN(64, machine.hart.pc));
  switch (machine.outcome) {
    case "end":
      return text.stoppedAtEnd(machine.hart.retired);
    case "limit":
      return text.stoppedByLimit(machine.hart.retired, where());
    case "waiting":
      return text.stoppedWaiting(where());
    case "trap":
      return text.stoppedByTrap(trapText(machine, machine.traps[machine.traps.length - 1]));
    case "not run":
      return text.notRun();
  }
}

function trapText(machine: TestMachine, { cause, pc, from, to, tval }: Trap): string {
  return text.trap(cause, machine.describe(pc), from, to, hex64(tval));
}

const SHOWN = 10;

/** The traps taken, the last ones if there are many. */
export function trapList(machine: TestMachine): string {
  const { traps } = machine;
  if (traps.length === 0) return text.noTraps();
  const last = traps.slice(-SHOWN).map((trap) => `  ${trapText(machine, trap)}`);
  return text.trapsTaken([...(traps.length > SHOWN ? ["  …"] : []), ...last].join("\n"));
}

/** The page-table walk of a virtual address, level by level. */
export function walkText(machine: TestMachine, virtual: number): string {
  const found = machine.walk(virtual);
  if (found === undefined) return text.noPaging();
  const steps = found.steps.map(({ level, address, ppn, flags }) =>
    text.walkStep(
      level,
      hex64(BigInt(address)),
      hex64(BigInt(ppn)),
      flagLetters(flags) + (flags & 1 ? "v" : "-"),
    ),
  );
  return [...steps, text.walkEnd(found.end)].join("\n");
}
