import { expect, it } from "vitest";
import { LinkError } from "../../kernel/library.ts";
import { guest } from "../hosted-fixture.ts";
import { STANDARD } from "../libraries.ts";
import { proposeLibraries } from "./propose.ts";

const PROGRAM = "_start: li a7, 64\necall\nli a0, 7\nli a7, EXIT\necall\nli a7, EXIT_GROUP\necall\nebreak\n";

it.each(STANDARD)("a machine without $name runs, or says in one line who needs what", async ({ name }) => {
  const linked = STANDARD.filter((one) => one.name !== name);
  try {
    const { machine } = await guest(PROGRAM, { linked });
    await machine.run(10_000);
    expect(machine.outcome).toBeDefined();
    await machine.close();
  } catch (error) {
    expect(error).toBeInstanceOf(LinkError);
    expect((error as Error).message).toMatch(/^(micro-library \S+|the machine) needs \S+, which no /);
  }
});

it("the fewest libraries run a program that makes no other calls than those they were chosen for", async () => {
  const { libraries, unsupported } = await proposeLibraries([64, 93, 9999]);
  expect(unsupported).toEqual([9999]);
  expect(libraries).not.toContain("posix-time");
  expect(libraries).not.toContain("rkallocregion");
  const { machine } = await guest(PROGRAM, { linked: libraries.map((name) => ({ name })) });
  expect(await machine.run()).toEqual({ kind: "exit", code: 7 });
  await machine.close();
});
