import { expect, test } from "vitest";
import { BenchError } from "./child.ts";
import { PARTS, readOptions } from "./options.ts";

test("without arguments everything is measured, with the program's own JIT mode", () => {
  expect(readOptions([])).toEqual({ rounds: 5, json: false, parts: PARTS, run: [], linux: true });
});

test("--only takes a part, or a program of the parts that have programs", () => {
  expect(readOptions(["--only", "kernel"])).toMatchObject({ parts: ["kernel"] });
  const { parts, program } = readOptions(["--only", "coremark"]);
  expect({ parts, program }).toEqual({ parts: ["throughput", "cpu"], program: "coremark" });
});

test("paths are made absolute, and a JIT mode is passed on", () => {
  const { node, external, run, linux } = readOptions([
    ...["--node", "/a/../b/node", "--external", "/x/y/"],
    ...["--jit", "always", "--without-linux"],
  ]);
  expect({ node, external, run, linux }).toEqual({
    ...{ node: "/b/node", external: "/x/y", run: ["--jit=always"], linux: false },
  });
});

test("what makes no sense is said", () => {
  for (const args of [["--rounds", "0"], ["--only", "nothing"], ["--no-such"], ["file"]])
    expect(() => readOptions(args)).toThrow(BenchError);
});
