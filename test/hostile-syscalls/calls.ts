import { type SyscallName, syscallNumbers } from "../../src/kernel/syscalls/numbers.ts";
import type { Random } from "../differential/random.ts";
import { argument } from "./arguments.ts";
import { type Call, call, Mode, NAMES } from "./call.ts";
import { openingCall } from "./opening.ts";
import { address, word } from "./places.ts";
import { shapeOf, weightOf } from "./shapes.ts";

/** Numbers from which calls are drawn. */
const NUMBERS = Object.entries(syscallNumbers).flatMap(([name, number]) =>
  new Array<number>(weightOf(name as SyscallName)).fill(number),
);
const ENDINGS: readonly SyscallName[] = ["exit", "exit_group"];

export function hostileCall(random: Random): Call {
  if (random.below(12) === 0) return openingCall(random);
  const chance = random.below(1000);
  if (chance < 60) {
    const at = random.below(2) > 0 ? argument("arena", random, 0) : address(random);
    return { ...call("read", at), mode: chance < 50 ? Mode.touch : Mode.jump };
  }
  if (chance === 60) return call(random.pick(ENDINGS), word(random));
  const number = chance < 70 ? Number(BigInt.asIntN(32, word(random))) : random.pick(NUMBERS);
  const shape = shapeOf(NAMES.get(number));
  const wild = random.pick([0, 0, 0, 1, 4]);
  const args = Array.from({ length: 6 }, (_, i) => argument(shape[i] ?? "word", random, wild));
  return { number, args, mode: random.below(12) === 0 ? Mode.again : Mode.call };
}
