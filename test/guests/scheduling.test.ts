import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { compileStatic, root, runikraft, temporaryFolder } from "./toolchain.ts";

/** C programs with threads and processes that compute all the time. In virtual time what they do is the same everywhere. */

const folder = temporaryFolder();

function run(program: string): string {
  const built = compileStatic(join(root, "test/guests/scheduling", `${program}.c`), join(folder, program));
  const { stdout, stderr } = runikraft(["run", "--deterministic", built]);
  expect(stderr).toBe("");
  return stdout;
}

describe("busy programs", () => {
  it("share the hart as their nice values say, and let one that sleeps wake in time", () => {
    // 335 / 1024 and 110 / 1024, as Linux's weights are.
    expect(run("shares")).toBe("nice 0: 1.00\nnice 0: 1.00\nnice 5: 0.33\nnice 10: 0.11\nlate: 0\n");
  });

  it("make room for real-time priorities; SCHED_RR takes turns of 100 ms", () => {
    expect(run("priorities")).toBe("0 0 1 0\n0 0 1 1\n1 1 1 1\n");
  });
});
