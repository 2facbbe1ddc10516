import type { Command } from "commander";
import { cliText } from "../messages/cli.ts";

/** Adds the examples that every command's help ends with, one command line each. */
export function examples(command: Command, ...lines: string[]): void {
  command.addHelpText("after", () =>
    `\n${cliText.examples()}\n${lines.map((line) => `  ${line}\n`).join("")}`.trimEnd(),
  );
}
