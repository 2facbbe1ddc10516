import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const root = fileURLToPath(new URL("..", import.meta.url));
const read = (name: string) => readFileSync(join(root, name), "utf8");
const english = read("README.md");
const chinese = read("README.zh.md");
const matches = (text: string, pattern: RegExp) => [...text.matchAll(pattern)].map((match) => match[1]);

describe("the two READMEs", () => {
  it("have the same outline", () => {
    const levels = (text: string) => matches(text.replace(/```[\s\S]*?```/g, ""), /^(#+) /gm);
    expect(levels(chinese)).toEqual(levels(english));
    expect(matches(chinese, /^(- |\| )/gm)).toEqual(matches(english, /^(- |\| )/gm));
  });

  it("show the same code", () => {
    const blocks = (text: string) => matches(text, /```\w+\n([\s\S]*?)```/g);
    expect(blocks(chinese)).toEqual(blocks(english));
    const inline = (text: string) =>
      [...new Set(matches(text.replace(/```[\s\S]*?```/g, ""), /`([^`]+)`/g))].sort();
    expect(inline(chinese)).toEqual(inline(english));
  });

  it("link to the same files, and each is there", () => {
    const links = (text: string) => matches(text, /\]\((?!README)([^)]+)\)/g);
    expect(links(chinese)).toEqual(links(english));
    expect(links(english).filter((path) => !existsSync(join(root, path)))).toEqual([]);
  });

  it("name only commands that npm and the command line have", () => {
    const { scripts } = JSON.parse(read("package.json"));
    expect(
      matches(english, /npm (?:run )?([a-z:]+)/g).filter((name) => !(name in scripts) && name !== "install"),
    ).toEqual([]);
    const commands = matches(english, /runikraft ([a-z]+) /g);
    expect(commands.filter((name) => !existsSync(join(root, `src/cli/commands/${name}.ts`)))).toEqual([]);
  });
});

describe("the documentation", () => {
  const pages = ["CONTRIBUTING.md", ...readdirSync(join(root, "docs")).map((name) => `docs/${name}`)];

  it("names only files that are there", () => {
    const missing = pages.flatMap((page) =>
      matches(read(page), /`((?:src|test|tools|docs|firmware|bench)\/[\w./-]*)`/g)
        .filter((path) => !existsSync(join(root, path)))
        .map((path) => `${page}: ${path}`),
    );
    expect(missing).toEqual([]);
  });

  it("links only to files that are there", () => {
    const missing = pages.flatMap((page) =>
      matches(read(page), /\]\(([^)#:]+)(?:#[^)]*)?\)/g)
        .filter((path) => !existsSync(join(root, dirname(page), path)))
        .map((path) => `${page}: ${path}`),
    );
    expect(missing).toEqual([]);
  });
});
