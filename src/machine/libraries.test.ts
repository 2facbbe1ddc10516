import { describe, expect, it } from "vitest";
import { startOrder } from "../kernel/library.ts";
import { rkallocregion } from "../kernel/rkallocregion/library.ts";
import { linkLibraries, REGISTER, STANDARD } from "./libraries.ts";

const names = (libraries: readonly { name: string }[]) => libraries.map(({ name }) => name);

describe("the register of micro-libraries", () => {
  it("has each library under its own name, with what it provides", async () => {
    for (const entry of REGISTER) {
      const [library] = await linkLibraries([{ name: entry.name }]);
      expect(library.name).toBe(entry.name);
      expect(
        library.provides.map(({ name }) => name),
        `${entry.name}: "provides" in its line of src/machine/libraries.ts`,
      ).toEqual(entry.provides);
    }
  });

  it("has no name twice", () => {
    expect(new Set(names(REGISTER)).size).toBe(REGISTER.length);
  });

  it("has standard libraries that fit together", async () => {
    const libraries = await linkLibraries();
    expect(names(startOrder(libraries)).sort()).toEqual(names(STANDARD).sort());
  });
});

describe("linking", () => {
  it("puts a library of one's own in place of the one that provides the same", async () => {
    const linked = names(await linkLibraries(STANDARD, [rkallocregion]));
    expect(linked).toContain("rkallocregion");
    expect(linked).not.toContain("rkallocbuddy");
    expect(linked).toHaveLength(STANDARD.length);
  });

  it("puts one in place of the library of the same name, whatever that provides", async () => {
    const mine = { name: "posix-time", summary: () => "mine", provides: [], needs: [] };
    const linked = await linkLibraries(STANDARD, [mine]);
    expect(linked.filter(({ name }) => name === "posix-time")).toEqual([mine]);
  });
});
