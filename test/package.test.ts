import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

/** The built package, imported by its name as a user's program does. */

const root = fileURLToPath(new URL("..", import.meta.url));
const node = (code: string) =>
  spawnSync(process.execPath, ["--input-type=module", "-e", code], { cwd: root, encoding: "utf8" });

it("runs the README's example", () => {
  const example = readFileSync(`${root}/README.md`, "utf8").match(/```js\n([\s\S]*?)```/)?.[1] as string;
  const { status, stdout, stderr } = node(example);
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  expect(stdout).toMatch(/^Hello from a RISC-V program\./);
  expect(stdout).toMatch(/kind: 'exit', code: 0/);
});

it("has the testing library beside it", () => {
  const { status, stdout, stderr } = node(
    'import { asm, matchers } from "runikraft/testing"; console.log(asm`li a0, 42`.outcome, typeof matchers.toTrap);',
  );
  expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: "end function\n", stderr: "" });
});
