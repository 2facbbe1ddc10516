import { assemble } from "../isa/assembler/assemble.ts";
import { ADDRESS_MAP, Board, type BoardOptions } from "./board.ts";

export const RAM = ADDRESS_MAP.ram.base;
/** What programs count in, which each hart gets in a1. */
export const COUNTER = RAM + 0x8000;
/** How many harts have come to `END`; in a2. */
export const DONE = RAM + 0x9000;

/** For boards in the host's time. */
export const hostTime = { milliseconds: () => performance.now(), now: () => 0n };

/** Where a hart's program ends: it waits for ever. */
export const END = `
      csrw mie, x0
      li t0, 1
      amoadd.d t0, t0, (a2)
idle: wfi
      j idle`;

/** A board whose harts all run `text` in M-mode, without firmware; a0 is a hart's number. */
export function bareBoard(harts: number, text: string, options: Partial<BoardOptions> = {}): Board {
  const made = new Board({ ram: 1 << 20, harts, print: () => {}, ...options });
  made.ram.write(RAM, assemble(text).sections[0].bytes);
  for (const hart of made.harts) {
    hart.pc = BigInt(RAM);
    hart.setXn(10, hart.id);
    hart.setXn(11, COUNTER);
    hart.setXn(12, DONE);
  }
  return made;
}

/** Runs until every hart waits; the number of instructions that took. */
export function untilIdle(machine: Board, most = 20_000_000): number {
  for (let spent = 0; spent < most; spent += machine.spent)
    if (machine.run(most) === "waiting" && machine.ticksToEvent === undefined) return spent;
    else if (machine.spent === 0) machine.clock.set(machine.clock.ticks() + (machine.ticksToEvent ?? 0n));
  throw new Error("the harts never wait");
}
