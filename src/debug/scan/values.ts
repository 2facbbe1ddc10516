/**
 * What a register may hold, as far as reading the code says: some known things, and perhaps others.
 *
 * A thing is a number, or: `rN`, what register N held when the unit was entered; `sN`, the stack pointer of then plus N;
 * `gN`, the address in the entry of the global offset table at N.
 */
export interface Value {
  readonly things: ReadonlySet<Thing>;
  /** It may hold something else. */
  readonly open: boolean;
}

export type Thing = number | `r${number}` | `s${number}` | `g${number}`;

/** More things than these are not told apart. */
const MOST = 16;
/** Of what may be anything, only these are still named. */
const MOST_OPEN = 8;

export const ANYTHING: Value = { things: new Set(), open: true };
export const ZERO: Value = only(0);
export const TRUTH: Value = { things: new Set([0, 1]), open: false };

export function only(thing: Thing): Value {
  return { things: new Set([thing]), open: false };
}

export function join(a: Value, b: Value): Value {
  if (includes(a, b)) return a;
  const things = new Set([...a.things, ...b.things]);
  const open = a.open || b.open || things.size > MOST;
  return { things: open ? new Set([...things].slice(0, MOST_OPEN)) : things, open };
}

/** Whether `a` says all that `b` says. */
export function includes(a: Value, b: Value): boolean {
  if (a === b) return true;
  if (b.open && !a.open) return false;
  if (a.open && a.things.size >= MOST_OPEN) return true;
  for (const thing of b.things) if (!a.things.has(thing)) return false;
  return true;
}

/** `change` of each thing; `undefined`: nobody knows what becomes of it. */
export function map(value: Value, change: (thing: Thing) => Thing | undefined): Value {
  const things = new Set<Thing>();
  let { open } = value;
  for (const thing of value.things) {
    const changed = change(thing);
    if (changed === undefined) open = true;
    else things.add(changed);
  }
  return { things, open };
}

export function combine(a: Value, b: Value, operation: (a: Thing, b: Thing) => Thing | undefined): Value {
  if (a.things.size * b.things.size > MOST) return ANYTHING;
  const things = new Set<Thing>();
  let open = a.open || b.open;
  for (const left of a.things)
    for (const right of b.things) {
      const thing = operation(left, right);
      if (thing === undefined) open = true;
      else things.add(thing);
    }
  return { things, open };
}

/** Numbers are kept while they are exact. */
function number(value: number): number | undefined {
  return Number.isSafeInteger(value) ? value : undefined;
}

export function plus(a: Thing, b: Thing): Thing | undefined {
  if (typeof a === "number" && typeof b === "number") return number(a + b);
  if (b === 0) return a;
  if (a === 0) return b;
  if (typeof a === "number") return plus(b, a);
  return a[0] === "s" && typeof b === "number" ? `s${Number(a.slice(1)) + b}` : undefined;
}

/** An operation on numbers, whose result is one where it is exact. */
export function numeric(operation: (a: number, b: number) => number) {
  return (a: Thing, b: Thing): Thing | undefined =>
    typeof a === "number" && typeof b === "number" ? number(operation(a, b)) : undefined;
}

/** The low 32 bits, sign-extended: of a system call's number they are all that matters. */
export function word(thing: Thing): Thing | undefined {
  if (typeof thing === "number") return Number(BigInt.asIntN(32, BigInt(thing)));
  return thing[0] === "r" ? thing : undefined;
}
