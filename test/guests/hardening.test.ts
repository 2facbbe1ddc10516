import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { compileStatic, compileStaticPie, root, runikraft, temporaryFolder } from "./toolchain.ts";

/** What C programs that attack themselves come to: see docs/HARDENING.md. */

const folder = temporaryFolder();
const source = join(root, "test/guests/hardening/attacks.c");
const FLAGS = ["-fstack-protector-all", "-O1"];
const programs = [
  ["static", compileStatic(source, join(folder, "attacks"), ...FLAGS)],
  ["static-PIE", compileStaticPie(source, join(folder, "attacks-pie"), ...FLAGS)],
] as const;
const [SIGABRT, SIGSEGV] = [134, 139];

describe.each(programs)("%s", (_name, program) => {
  const attack = (...args: string[]) => runikraft(["run", program, ...args]);

  it("a smashed stack is found by the canary: SIGABRT", () => {
    const { status, stdout, stderr } = attack("smash", "64");
    expect(status).toBe(SIGABRT);
    expect(stdout).toBe("in a frame of 16 bytes: A\n");
    expect(stderr).toContain("*** stack smashing detected ***: terminated");
    expect(attack("smash", "16")).toMatchObject({ status: 0, stdout: expect.stringContaining("survived") });
  });

  it("the canary is the seed's, and begins with a zero byte", () => {
    const canaries = Array.from({ length: 8 }, (_, seed) =>
      runikraft(["run", "--aslr-seed", `${seed}`, program, "canary"]).stdout.trim(),
    );
    expect(new Set(canaries).size).toBe(8);
    for (const canary of canaries) expect(canary).toMatch(/^[0-9a-f]{14}00$/);
    expect(runikraft(["run", "--aslr-seed", "3", program, "canary"]).stdout.trim()).toBe(canaries[3]);
  });

  it.each([
    ["recurse", ""],
    ["alloca", `${8 << 20}`],
    ["alloca", `${(9 << 20) - 65536}`],
  ])("%s %s beyond the stack ends in its guard", (way, size) => {
    const { status, stderr } = attack(way, size);
    expect(status).toBe(SIGSEGV);
    expect(stderr).toContain("in the guard pages below the stack");
  });

  it.each(["constant", "run-stack", "run-data", "run-heap", "run-big-heap"])("%s: SIGSEGV", (way) => {
    const { status, stdout } = attack(way);
    expect(status).toBe(SIGSEGV);
    expect(stdout).toBe("");
  });

  it.each(["0", "8", "0xfff0"])("a call of %s: SIGSEGV", (address) => {
    expect(attack("null", address).status).toBe(SIGSEGV);
  });

  it("pages to write and run are refused, unless the user allows them", () => {
    expect(attack("rwx").stdout).toBe("Permission denied\nPermission denied\n");
    expect(runikraft(["run", "--allow-wx", program, "rwx"]).stdout).toBe("granted\ngranted\n");
  });
});
