import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { application } from "../applications.ts";
import { temporaryFolder } from "../toolchain.ts";
import { Terminal } from "./terminal.ts";

const opened: Terminal[] = [];

/** vim without anyone's settings, on a file of a folder that the host sees. */
function open(folder: string): Terminal {
  const options = ["--env", "TERM=xterm", "--mount", `${folder}:/work:rw`, "--cwd", "/work"];
  const terminal = new Terminal(["/usr/bin/vim", "-u", "NONE", "-i", "NONE", "text"], options);
  opened.push(terminal);
  return terminal;
}

afterEach(() => {
  for (const terminal of opened.splice(0)) terminal.close();
});

describe("vim in a terminal", () => {
  it("makes a file of what is typed", async () => {
    const folder = temporaryFolder();
    const vim = open(folder);
    await vim.shows(/"text" \[New File\]/);
    vim.type("ifirst\rsecond\x1b");
    await vim.shows(/second/);
    // Lines copied, one changed, all numbered by a filter of the shell.
    vim.type("yyp:s/second/third/\r");
    vim.type(":%!nl -ba -w1 -s:\r");
    await vim.shows(/3:third/);
    vim.type(":wq\r");
    expect(await vim.exit).toBe(0);
    expect(readFileSync(join(folder, "text"), "latin1")).toBe("1:first\n2:second\n3:third\n");
  });

  it("draws on as much room as the terminal has, and again when that changes", async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, "text"), Array.from({ length: 60 }, (_, n) => `line ${n + 1}\n`).join(""));
    const vim = open(folder);
    await vim.shows(/line 23\b/);
    vim.type(":echo 'size' &lines &columns\r");
    await vim.shows(/size 24 80/);
    vim.resize(40, 100);
    await vim.shows(/line 39\b/);
    vim.type(":echo 'size' &lines &columns\r");
    await vim.shows(/size 40 100/);
    vim.type(":q!\r");
    expect(await vim.exit).toBe(0);
  });

  it("edits by a script where there is no terminal", () => {
    const commands = "one\ntwo\nthree\n";
    const { stdout } = application(
      ["/bin/sh", "-c", "cat > f; vim -es -u NONE -c 'g/t/m0' -c 'wq' f; cat f"],
      {
        input: commands,
        options: ["--cwd", "/tmp"],
      },
    );
    expect(stdout).toBe("three\ntwo\none\n");
  });
});
