import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
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

it("is typed, matchers included, for a project that depends on it", () => {
  const project = mkdtempSync(join(tmpdir(), "runikraft-package-"));
  const installed = join(project, "node_modules/runikraft");
  mkdirSync(installed, { recursive: true });
  execFileSync(process.execPath, ["tools/types.js", join(installed, "dist/types")], { cwd: root });
  for (const name of ["package.json", "dist/package.json"])
    writeFileSync(join(installed, name), readFileSync(join(root, name)));
  for (const name of ["@types", "typed-emitter", "vitest"])
    symlinkSync(join(root, "node_modules", name), join(project, "node_modules", name));
  writeFileSync(join(project, "package.json"), '{ "type": "module" }');
  const example = readFileSync(`${root}/README.md`, "utf8").match(/```ts\n([\s\S]*?)```/)?.[1] as string;
  writeFileSync(join(project, "right.ts"), example);
  writeFileSync(join(project, "wrong.ts"), example.replace("42n", "{}"));
  const check = (file: string) =>
    spawnSync(
      process.execPath,
      [
        join(root, "node_modules/typescript/bin/tsc"),
        ...["--noEmit", "--strict", "--module", "nodenext", "--target", "es2022", "--skipLibCheck", file],
      ],
      { cwd: project, encoding: "utf8" },
    ).stdout;
  writeFileSync(
    join(project, "events.ts"),
    'import type { HostedMachine } from "runikraft";\nexport const f = (m: HostedMachine) => m.events.on("exit", (s) => s.kind);\n',
  );
  expect(check("right.ts")).toBe("");
  expect(check("events.ts")).toBe("");
  expect(check("wrong.ts")).toMatch(/^wrong\.ts\(\d+,\d+\): error TS2345/);
}, 60_000);
