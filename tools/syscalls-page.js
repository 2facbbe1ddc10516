/**
 * Writes docs/SYSCALLS.md from the system call table; with `--check` only says whether it is up to date.
 */
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "./stale.js";

const PAGE = join(root, "docs/SYSCALLS.md");
const entries = JSON.parse(
  execFileSync(process.execPath, [join(root, "dist/cli.js"), "syscalls", "--json"], {
    encoding: "utf8",
    env: { ...process.env, RUNIKRAFT_LANG: "" },
  }),
);

const LEVELS = {
  full: "done in full",
  partial: "done in part: the note says what is missing",
  stub: "accepted, does nothing: the note says why that is right",
  none: "not there: ENOSYS, named once on stderr with `--verbose`",
};

const cell = (text) => text.replaceAll("|", "\\|");
const count = (level) => entries.filter(({ support }) => support === level).length;
const supported = entries.filter(({ support }) => support !== "none");
const missing = entries.filter(({ support }) => support === "none");

const page = `# System calls

Generated from the system call table by \`npm run docs\`; \`runikraft syscalls\` prints the same. Numbers are those of riscv64
Linux.

| Support | Calls | |
| --- | --- | --- |
${Object.entries(LEVELS)
  .map(([level, meaning]) => `| ${level} | ${count(level)} | ${meaning} |`)
  .join("\n")}

## There

| Number | Name | Micro-library | Support | Note |
| --- | --- | --- | --- | --- |
${supported.map((one) => `| ${one.number} | ${one.name} | ${one.library} | ${one.support} | ${cell(one.note)} |`).join("\n")}

## Not there

${missing.map(({ name, number }) => `\`${name}\` (${number})`).join(", ")}
`;

if (process.argv.includes("--check")) {
  if (readFileSync(PAGE, "utf8") !== page) {
    console.error("docs/SYSCALLS.md is out of date: run npm run docs");
    process.exitCode = 1;
  }
} else writeFileSync(PAGE, page);
