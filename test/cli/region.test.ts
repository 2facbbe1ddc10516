import { describe, expect, it } from "vitest";
import { assembled, runikraft } from "./command-line.ts";

const SUM = assembled(
  "sum",
  `
        .text
        .globl _start, sum
_start: ebreak
sum:    ld a3, 0(a0)
        addi a0, a0, 8
        add a2, a2, a3
        bne a0, a1, sum
        ret
`,
);

describe("region", () => {
  it("shows a symbol's region, and the same one for its address", () => {
    const { status, stdout } = runikraft(["region", SUM, "sum"]);
    expect(status).toBe(0);
    const [, address] = /^region at (0x[\da-f]+) <sum>: 5 instructions/.exec(stdout) ?? [];
    expect(runikraft(["region", SUM, address]).stdout).toBe(stdout);
    expect(runikraft(["region", SUM, String(Number(address))]).stdout).toBe(stdout);
    expect(stdout).toMatch(/\n {2}return_call \$leaveRegion\n$/);
  });

  it("has the graph alone, and everything as JSON", () => {
    expect(runikraft(["region", "--dot", SUM, "sum"]).stdout).toMatch(/^digraph [\s\S]*\n {2}b0 -> b0 /);
    const view = JSON.parse(runikraft(["region", "--json", SUM, "sum"]).stdout);
    expect(view.blocks.map(({ edges }: { edges: unknown[] }) => edges.length)).toEqual([2, 0]);
  });

  it("says in one line where there is none", () => {
    expect(runikraft(["region", SUM, "nowhere"])).toMatchObject({
      status: 2,
      stderr: `runikraft: "nowhere" is neither an address nor a symbol of ${SUM}\n`,
    });
    const atEntry = runikraft(["region", SUM]);
    expect(atEntry).toMatchObject({ status: 3, stdout: "" });
    expect(atEntry.stderr).toMatch(/^runikraft: no region begins at 0x[\da-f]+: .*\n$/);
    expect(runikraft(["region", SUM, "0xffffffffffffffff"]).status).toBe(3);
    expect(runikraft(["region", SUM, "0x10000000000000000"]).status).toBe(2);
  });
});
