import { describe, expect, test } from "vitest";
import type { Hart } from "../cpu/hart.ts";
import { Kernel } from "./kernel.ts";
import { type Api, api, type Library, LinkError, startOrder } from "./library.ts";
import { full } from "./syscalls/row.ts";

const apple = api<{ juice(): string }>("apple");
const bread = api<string>("bread");
const cheese = api<number>("cheese");

function library(
  name: string,
  provides: Api<unknown>[],
  needs: Api<unknown>[],
  more: Partial<Library> = {},
): Library {
  return { name, summary: () => "", provides, needs, ...more };
}

const names = (libraries: readonly Library[]) => libraries.map(({ name }) => name);

describe("the order of starting", () => {
  test("puts every provider before those who need it and else keeps the list's order", () => {
    const list = [
      library("sandwich", [], [bread, cheese]),
      library("dairy", [cheese], []),
      library("bakery", [bread], [apple]),
      library("garden", [apple], []),
    ];
    expect(names(startOrder(list))).toEqual(["garden", "bakery", "dairy", "sandwich"]);
  });

  test("refuses a need that nobody provides, naming both ends", () => {
    expect(() => startOrder([library("sandwich", [], [bread])])).toThrow(
      new LinkError("micro-library sandwich needs bread, which no linked library provides"),
    );
  });

  test("refuses a circle, naming all of it", () => {
    const list = [
      library("a", [apple], [bread]),
      library("b", [bread], [cheese]),
      library("c", [cheese], [apple]),
    ];
    expect(() => startOrder(list)).toThrow("in a circle: a -> b -> c -> a");
  });

  test("refuses two providers, and two owners of a system call", () => {
    expect(() => startOrder([library("a", [apple], []), library("b", [apple], [])])).toThrow(
      "micro-libraries a and b both provide apple",
    );
    const getpid = full("getpid", () => 1);
    const list = [library("a", [], [], { syscalls: [getpid] }), library("b", [], [], { syscalls: [getpid] })];
    expect(() => startOrder(list)).toThrow("micro-libraries a and b both implement the system call getpid");
  });
});

describe("a kernel", () => {
  const hart = {} as Hart;
  const garden = library("garden", [apple], [], {
    start: (kernel) => kernel.provide(apple, { juice: () => "sweet" }),
  });

  test("starts its libraries and hands out what they provide", () => {
    let taken = "";
    const taster = library("taster", [], [apple], {
      start: (kernel) => {
        taken = kernel.use(apple).juice();
      },
    });
    const kernel = new Kernel(hart, [taster, garden]);
    expect(taken).toBe("sweet");
    expect(kernel.use(apple).juice()).toBe("sweet");
    expect(names(kernel.libraries)).toEqual(["garden", "taster"]);
  });

  test("refuses a library that does not keep its promise, or gives what it has not promised", () => {
    expect(() => new Kernel(hart, [library("liar", [apple], [])])).toThrow(
      "liar says that it provides apple",
    );
    const smuggler = library("smuggler", [], [], { start: (kernel) => kernel.provide(bread, "rye") });
    expect(() => new Kernel(hart, [smuggler])).toThrow("smuggler hands over bread");
  });

  test("keeps two kernels apart", () => {
    const other = library("orchard", [apple], [], {
      start: (kernel) => kernel.provide(apple, { juice: () => "sour" }),
    });
    const first = new Kernel(hart, [garden]);
    const second = new Kernel(hart, [other]);
    expect(first.use(apple).juice()).toBe("sweet");
    expect(second.use(apple).juice()).toBe("sour");
  });
});
