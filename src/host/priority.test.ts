import { execFileSync } from "node:child_process";
import { getPriority } from "node:os";
import { expect, test } from "vitest";
import { NICE } from "./priority.ts";

/** Priorities of the threads of a process that has gone first: its own thread's, then the others'. */
function threads(priority: number): number[] {
  const script = `
    import { goFirst } from ${JSON.stringify(new URL("./priority.ts", import.meta.url).pathname)};
    import { readdirSync } from "node:fs";
    import { getPriority } from "node:os";
    goFirst();
    const others = readdirSync("/proc/self/task").map(Number).filter((thread) => thread !== process.pid);
    console.log(JSON.stringify([getPriority(process.pid), ...others.map((thread) => getPriority(thread))]));`;
  return JSON.parse(run(script, priority));
}

function run(script: string, priority: number): string {
  const bundle = execFileSync("npx", ["esbuild", "--bundle", "--platform=node", "--format=cjs"], {
    input: script,
    encoding: "utf8",
  });
  return execFileSync("nice", ["-n", String(priority), process.execPath, "-e", bundle], { encoding: "utf8" });
}

test("the other threads are nicer than the one that asks", () => {
  const [own, ...others] = threads(0);
  expect(own).toBe(getPriority());
  expect(others.length).toBeGreaterThan(1);
  expect(new Set(others)).toEqual(new Set([Math.max(NICE, own)]));
});

test("a process that is nice already stays as it is", () => {
  const [own, ...others] = threads(15);
  expect(own).toBeGreaterThanOrEqual(15);
  expect(new Set(others)).toEqual(new Set([own]));
});
