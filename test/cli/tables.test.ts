import { describe, expect, it } from "vitest";
import { runikraft } from "./command-line.ts";

describe("syscalls", () => {
  const rows = JSON.parse(runikraft(["syscalls", "--json"]).stdout);

  it("has every call once, with its library and how far it is supported", () => {
    expect(rows.find(({ name }: { name: string }) => name === "getcwd")).toEqual({
      number: 17,
      name: "getcwd",
      library: "posix-files",
      support: "full",
      note: "",
    });
    expect(new Set(rows.map(({ number }: { number: number }) => number)).size).toBe(rows.length);
  });

  it("says of everything that is not done in full why, and of what is not there nothing", () => {
    for (const { name, support, note, library } of rows) {
      expect(note !== "", name).toBe(support === "partial" || support === "stub");
      expect(library !== "", name).toBe(support !== "none");
    }
  });

  it("prints the same as a table, and counts", () => {
    const { stdout } = runikraft(["syscalls"]);
    expect(stdout).toMatch(/^ 64 {2}write +posix-files +full$/m);
    expect(stdout).toMatch(new RegExp(`^${rows.length} system calls: \\d+ in full, \\d+ in part, `, "m"));
  });
});

describe("libs", () => {
  it("lists each library after those that provide what it needs", () => {
    const rows = JSON.parse(runikraft(["libs", "--json"]).stdout);
    const provided = new Set<string>();
    for (const { name, needs, provides } of rows) {
      for (const need of needs) expect(provided.has(need), `${name} needs ${need}`).toBe(true);
      for (const one of provides) provided.add(one);
    }
    expect(provided.has("rkalloc") && provided.has("rksched")).toBe(true);
    expect(runikraft(["libs"]).stdout).toMatch(/^rkallocbuddy +standard +rkalloc +rkplat /m);
  });

  it("says what each is in the user's language", () => {
    const rows = JSON.parse(runikraft(["libs", "--json"], { env: { RUNIKRAFT_LANG: "zh" } }).stdout);
    for (const { summary } of rows) expect(summary).toMatch(/[\u4e00-\u9fff]/);
  });
});
