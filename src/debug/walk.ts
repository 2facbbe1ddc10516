import { PAGE_SIZE, Pte, type Walk, type WalkEnd, type WalkStep } from "../cpu/sv39.ts";
import { debugText } from "../messages/debug.ts";
import { hex } from "../messages/hex.ts";
import type { GuestMemory } from "./guest-memory.ts";

const SIZES = ["4 KiB", "2 MiB", "1 GiB"];

/** A page-table walk in words, level by level, with the bits that decided each step. */
export function explainWalk(memory: GuestMemory, va: number): string[] {
  const walk = memory.walk(va);
  if (!walk) return [debugText.physical()];
  const address = va < 0 ? hex(BigInt.asUintN(64, BigInt(va))) : hex(va);
  const lines = [debugText.walkOf(address)];
  walk.steps.forEach((step, i) => {
    lines.push(levelLine(step), `  ${bitsOf(step)}  ${outcome(walk, step, i === walk.steps.length - 1, va)}`);
  });
  // The walk broke off without an entry to show.
  if (walk.end === "notCanonical" || walk.end === "noMemory") lines.push(WHY[walk.end]());
  if (walk.end === "leaf") lines.push(permission(walk.flags));
  return lines;
}

const WHY: Record<Exclude<WalkEnd, "leaf">, () => string> = {
  notCanonical: debugText.walkNotCanonical,
  noMemory: debugText.walkNoMemory,
  invalid: debugText.walkInvalid,
  reserved: debugText.walkReserved,
  misalignedPage: debugText.walkMisaligned,
  tooDeep: debugText.walkTooDeep,
};

function levelLine({ level, address }: WalkStep): string {
  return debugText.walkLevel(level, (address % PAGE_SIZE) / 8, hex(address));
}

/** The flags as `DAGUXWRV`, a dash for each that is clear. */
function bitsOf({ flags }: WalkStep): string {
  return [..."DAGUXWRV"].map((letter) => (flags & Pte[letter as keyof typeof Pte] ? letter : "-")).join("");
}

function outcome(walk: Walk, step: WalkStep, last: boolean, va: number): string {
  if (!last || walk.end === "noMemory") return debugText.walkPointer(hex(step.ppn * PAGE_SIZE));
  if (walk.end !== "leaf") return WHY[walk.end as Exclude<WalkEnd, "leaf">]();
  const offset = va % PAGE_SIZE < 0 ? (va % PAGE_SIZE) + PAGE_SIZE : va % PAGE_SIZE;
  return debugText.walkLeaf(hex(walk.page * PAGE_SIZE + offset), SIZES[step.level]);
}

function permission(flags: number): string {
  if ((flags & Pte.U) === 0) return debugText.walkNotUser();
  return debugText.walkMay(
    debugText.may((flags & Pte.R) !== 0, (flags & Pte.W) !== 0, (flags & Pte.X) !== 0),
  );
}
