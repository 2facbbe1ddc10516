import { afterEach, describe, expect, it } from "vitest";
import { Terminal } from "./terminal.ts";

const opened: Terminal[] = [];

function open(options: readonly string[], ...args: string[]): Terminal {
  const terminal = new Terminal(args, options);
  opened.push(terminal);
  return terminal;
}

afterEach(() => {
  for (const terminal of opened.splice(0)) terminal.close();
});

describe("bash's job control in a terminal", () => {
  it("stops, lists, resumes and interrupts", async () => {
    const shell = open(["--env", "TERM=dumb", "--env", "PS1=ready> "], "/bin/bash", "--norc", "-i");
    const run = async (line: string, shows: RegExp) => {
      shell.type(`${line}\r`);
      return shell.shows(shows);
    };
    await shell.shows(/^ready> $/);
    // Ctrl-Z stops the foreground job, and the shell is back.
    await run("sleep 1000", /sleep 1000\r\n/);
    // The shell puts the job into the foreground before its program starts.
    await new Promise((resolve) => setTimeout(resolve, 500));
    shell.type("\x1a");
    await shell.shows(/\^Z\r\n\[1\]\+ {2}Stopped +sleep 1000\r\nready> $/);
    await run("jobs", /\[1\]\+ {2}Stopped +sleep 1000\r\nready> $/);
    await run("bg", /\[1\]\+ sleep 1000 &\r\nready> $/);
    await run("jobs", /\[1\]\+ {2}Running +sleep 1000 &\r\nready> $/);
    // Ctrl-C interrupts what fg has brought back: 128 + SIGINT.
    await run("fg", /\r\nsleep 1000\r\n/);
    await new Promise((resolve) => setTimeout(resolve, 500));
    shell.type("\x03");
    await shell.shows(/\^C\r\nready> $/);
    await run("echo status $?", /status 130\r\nready> $/);
    // What reads the terminal from the background is stopped by SIGTTIN.
    await run("cat &", /\[1\] \d+\r\nready> $/);
    await run("sleep 0.5; jobs", /\[1\]\+ {2}Stopped +cat\r\n[\s\S]*ready> $/);
    await run("kill -9 %1; wait %1; echo status $?", /status 137\r\n[\s\S]*ready> $/);
    // A pipeline is one job, with all of its processes stopped and resumed.
    await run("sleep 1000 | cat", /\| cat\r\n/);
    await new Promise((resolve) => setTimeout(resolve, 500));
    shell.type("\x1a");
    await shell.shows(/Stopped +sleep 1000 \| cat\r\nready> $/);
    await run("kill %%; wait; echo $?", /\n[\s\S]*ready> $/);
    // Ctrl-\ quits, and a changed key does not.
    await run("stty intr ^X; sleep 1000", /1000\r\n/);
    await new Promise((resolve) => setTimeout(resolve, 500));
    shell.type("\x03\x18");
    await shell.shows(/\^X\r\nready> $/);
    await run("stty size; tty", /24 80\r\n\/dev\/\S+\r\nready> $/);
    shell.type("exit 7\r");
    expect(await shell.exit).toBe(7);
  });
});
