import { readFileSync } from "node:fs";
import { Command } from "commander";
import { describe, expect, it } from "vitest";
import { type BootOptions, bootOptions, checkedOptions } from "../src/cli/boot/options.ts";
import { monitorText } from "../src/messages/monitor.ts";

const page = readFileSync(new URL("../docs/BOOTING.md", import.meta.url), "utf8");

/** What the page would have a user type: lines of its shell blocks. */
const commands = [...page.matchAll(/```sh\n([\s\S]*?)```/g)]
  .flatMap(([, block]) => block.split("\n"))
  .filter((line) => line.startsWith("runikraft boot "))
  .map((line) => line.slice("runikraft boot ".length));

const words = (line: string) =>
  [...line.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain);

describe("docs/BOOTING.md", () => {
  it("has a good many commands", () => expect(commands.length).toBeGreaterThan(15));

  it.each(commands)("runikraft boot %s", (line) => {
    const command = bootOptions(new Command())
      .exitOverride()
      .configureOutput({ writeErr: () => {} });
    command.action((image: string | undefined, given: BootOptions) => {
      const { kernel, load } = checkedOptions(image, given);
      expect(kernel ?? load).toBeDefined();
    });
    command.parse(words(line), { from: "user" });
  });

  it("names in its tables only options that there are", () => {
    const known = bootOptions(new Command()).options.flatMap(({ long, short }) => [long, short]);
    const ours = page
      .split("\n")
      .filter((line) => line.startsWith("| "))
      .map((line) => line.slice(line.lastIndexOf(" | ")))
      .flatMap((cell) => [...cell.matchAll(/(?<=[`\s])--[a-z][a-z-]+/g)].map(([name]) => name));
    expect(ours.length).toBeGreaterThan(15);
    expect(ours.filter((name) => !known.includes(name))).toEqual([]);
  });

  it("names only commands of the monitor that there are", () => {
    const rows = page.slice(page.indexOf("## The monitor"), page.indexOf("## From QEMU")).split("\n");
    const names = rows
      .filter((row) => row.startsWith("| `"))
      .flatMap((row) => [...row.split(" | ")[0].matchAll(/`([a-z_]+(?: [a-z]+)?)/g)].map(([, name]) => name));
    expect(names.length).toBeGreaterThan(15);
    expect(names.filter((name) => !monitorText.help().includes(name))).toEqual([]);
  });
});
