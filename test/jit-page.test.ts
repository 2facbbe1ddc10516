import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { file, folder, runikraft } from "./cli/command-line.ts";

/** docs/JIT.md, whose outputs are to be what a reader gets. */

const page = readFileSync(new URL("../docs/JIT.md", import.meta.url), "utf8");
const blocks = (language: string) =>
  [...page.matchAll(new RegExp(`\`\`\`${language}\n([\\s\\S]*?)\`\`\``, "g"))].map((match) => match[1]);

const [source] = blocks("asm");
const elf = join(folder, "sum.elf");
runikraft(["asm", "-o", elf, file("sum.S", source)]);
const regions = join(folder, "regions");
const run = runikraft(["run", "--jit", "on", "--jit-dump", regions, "--jit-stats", elf]);

/** The lines that stand behind a command on the page. */
function shown(command: string): string[] {
  const block = blocks("text").find((text) => text.includes(`$ ${command}\n`)) ?? "";
  const [lines] = block.split(`$ ${command}\n`)[1].split("\n$ ");
  return lines.trimEnd().split("\n");
}

/** What matches a text that begins with the lines; `…` in or between them is anything. */
function pattern(lines: readonly string[]): RegExp {
  const quoted = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  const parts = lines.map((line) =>
    line.trim() === "…" ? "(?:.*\n)*?" : `${line.split("…").map(quoted).join(".*")}\n`,
  );
  return new RegExp(`^${parts.join("")}`);
}

describe("docs/JIT.md", () => {
  it("shows the loop's bytes", () => {
    const loop = readFileSync(elf)
      .subarray(0x1034, 0x1034 + 20)
      .toString("hex");
    expect(shown("od -A n -t x1 -j 0x1034 -N 20 -w4 sum.elf").join("").replaceAll(" ", "")).toBe(loop);
  });

  const region = runikraft(["region", elf, "next"]).stdout;

  it("shows the region", () => expect(region).toMatch(pattern(shown("runikraft region sum.elf next"))));

  it("shows the function, piece by piece", () => {
    const pieces = blocks("wat");
    expect(pieces.length).toBeGreaterThan(3);
    const lines = pieces.flatMap((piece) => ["…", ...piece.trimEnd().split("\n")]);
    expect(region).toMatch(pattern(lines));
  });

  it("shows what a run translates, and the region that it ends with", () => {
    expect(run.status).toBe(0);
    expect(run.stderr).toMatch(
      pattern(shown("runikraft run --jit on --jit-dump regions --jit-stats sum.elf")),
    );
    expect(readFileSync(join(regions, "1001c.txt"), "utf8")).toMatch(
      pattern(shown("head -33 regions/1001c.txt")),
    );
  });
});
