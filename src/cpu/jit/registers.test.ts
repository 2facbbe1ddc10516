import { describe, expect, test } from "vitest";
import { Code } from "../wasm/encoder.ts";
import { REGION_PARAMETERS } from "../wasm/region-support.ts";
import { regionOf } from "./region-fixture.ts";
import { RegisterFile } from "./registers.ts";

/** The integer registers of a region, and what its blocks, by their offsets, load and store outside of instructions. */
function registers(source: string) {
  const region = regionOf(source);
  const { order } = region.flow;
  const code = new Code(REGION_PARAMETERS.length);
  const file = new RegisterFile(code, region.flow, "x");
  const at = (offset: number) => {
    const block = order.find(({ offset: its, all }) => its === offset && all.length > 0);
    if (!block) throw new Error(`no block at ${offset}`);
    return block;
  };
  /** Loads (0x29) and stores (0x37) that something writes. */
  const count = (write: () => void) => {
    const before = code.bytes.length;
    write();
    const written = code.bytes.slice(before);
    return {
      loads: written.filter((byte) => byte === 0x29).length,
      stores: written.filter((byte) => byte === 0x37).length,
    };
  };
  return {
    file,
    begin: (offset: number) => count(() => file.begin(at(offset))),
    go: (from: number | undefined, to: number) =>
      count(() => file.go(from === undefined ? undefined : at(from), at(to))),
    end: (offset: number, written: readonly number[]) =>
      count(() => {
        for (const register of written) file.written(register);
        file.end(at(offset));
      }),
  };
}

const [A0, A1, A2] = [10, 11, 12];

describe("registers of straight code", () => {
  const { file, begin, end } = registers("add a0, a1, a2\n add a0, a0, a2\n ebreak");

  test("have locals where they are named", () => {
    expect(file.locals.map((local, i) => (local === undefined ? -1 : i)).filter((i) => i >= 0)).toEqual([
      A0,
      A1,
      A2,
    ]);
  });

  test("are loaded if they are read before they are written", () => {
    expect(begin(0)).toEqual({ loads: 2, stores: 0 });
    expect(file.valid).toBe((1 << A1) | (1 << A2));
  });

  test("are stored at the end if they were written", () => {
    expect(end(0, [A0])).toEqual({ loads: 0, stores: 1 });
    expect(file.dirty).toBe(0);
  });
});

describe("registers of a loop without another in it", () => {
  const { file, begin, go, end } = registers(
    "again: addi a0, a0, 1\n add a1, a1, a0\n bne a0, a2, again\n add a2, a1, a0\n ebreak",
  );

  test("are loaded before it, and neither loaded nor stored in it", () => {
    expect(go(undefined, 0)).toEqual({ loads: 3, stores: 0 });
    expect(begin(0)).toEqual({ loads: 0, stores: 0 });
    expect(end(0, [A0, A1])).toEqual({ loads: 0, stores: 0 });
    expect(go(0, 0)).toEqual({ loads: 0, stores: 0 });
  });

  test("are stored where it is left", () => {
    expect(go(0, 12)).toEqual({ loads: 0, stores: 2 });
    expect(file.dirty).toBe((1 << A0) | (1 << A1));
    expect(begin(12)).toEqual({ loads: 0, stores: 0 });
    expect(file.dirty).toBe(0);
  });
});

describe("registers where ways meet", () => {
  test("are loaded again if they were written on one of them", () => {
    const { begin, go } = registers("beqz a0, 1f\n addi a1, a0, 1\n 1: add a2, a1, a0\n ebreak");
    begin(0);
    expect(go(0, 8)).toEqual({ loads: 0, stores: 0 });
    expect(begin(8)).toEqual({ loads: 1, stores: 0 });
  });

  test.each(["jalr ra, 0(a0)", "csrr a3, time"])("are all loaded again behind %s", (outside) => {
    const { begin, go } = registers(`mv a1, a0\n ${outside}\n add a2, a1, a0\n ebreak`);
    expect(go(0, 8)).toEqual({ loads: 0, stores: 0 });
    expect(begin(8)).toEqual({ loads: 2, stores: 0 });
  });
});
