import { spawn } from "node:child_process";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { assembled, cli, folder } from "./command-line.ts";

/** Prints a prompt; says of each byte that it gets what it is, in hexadecimal. */
const GUEST = assembled(
  "terminal",
  `.globl _start
_start: li s0, 0x10000000
        la s1, digits
        li t0, '>'
        sb t0, 0(s0)
1:      lbu t0, 5(s0)
        andi t0, t0, 1
        beqz t0, 1b
        lbu t0, 0(s0)
        srli t1, t0, 4
        add t1, t1, s1
        lbu t1, 0(t1)
        sb t1, 0(s0)
        andi t1, t0, 15
        add t1, t1, s1
        lbu t1, 0(t1)
        sb t1, 0(s0)
        li t1, '.'
        bne t0, t1, 1b
        li t0, 0x100000
        li t1, 0x73333
        sw t1, 0(t0)
2:      j 2b
digits: .ascii "0123456789abcdef"
`,
  "--base",
  "0x80000000",
);

const A = "\x01";
const LEAVE = `${A}x`;

/** What is typed, or done, after the screen shows something. */
interface Step {
  readonly after: RegExp;
  readonly type: string | ((found: RegExpExecArray) => void);
}

/** Boots in a terminal, step after step. Returns what the screen got. */
function inTerminal(options: string, keys: readonly Step[]): Promise<string> {
  const command = `${process.execPath} ${cli} boot --bios none ${options} ${GUEST}`;
  const shell = `stty rows 24 cols 80; sh -c 'echo pid $$; exec ${command}'; echo "status $?"; stty -a`;
  const child = spawn("script", ["-qec", shell, "/dev/null"], {
    env: { ...process.env, TERM: "vt100", RUNIKRAFT_LANG: "" },
  });
  let screen = "";
  let seen = 0;
  let next = 0;
  return new Promise((resolve, reject) => {
    const limit = setTimeout(() => {
      child.kill();
      reject(new Error(`waited for ${keys[next]?.after}; the screen got ${JSON.stringify(screen)}`));
    }, 30_000);
    child.stdout.on("data", (bytes: Buffer) => {
      screen += bytes.toString();
      for (; next < keys.length; next++) {
        const found = keys[next].after.exec(screen.slice(seen));
        if (!found) return;
        seen += found.index + found[0].length;
        const { type } = keys[next];
        if (typeof type === "string") child.stdin.write(type);
        else type(found);
      }
    });
    child.on("close", () => {
      clearTimeout(limit);
      resolve(screen);
    });
  });
}

/** As `stty -a` says of a terminal that lines are edited in, with signals and echo. */
const isCooked = (screen: string) =>
  ["icanon", "isig", "echo", "opost"].every((flag) => new RegExp(`\\s${flag}\\b`).test(screen));

describe("a terminal", () => {
  it("sends every key to the guest, Ctrl-C too, and is given back when the guest powers off", async () => {
    const screen = await inTerminal("", [
      { after: />/, type: "a\x03\x1a\r" },
      { after: /61031a0d/, type: `${A}${A}${A}a.` },
      { after: /status 7/, type: "" },
    ]);
    expect(screen).toContain("61031a0d01012e");
    expect(isCooked(screen)).toBe(true);
  });

  it("is left by Ctrl-A x, with status 0", async () => {
    const screen = await inTerminal("", [
      { after: />/, type: `${A}h` },
      { after: /Ctrl-A x leaves/, type: LEAVE },
    ]);
    expect(screen).toContain("status 0");
    expect(isCooked(screen)).toBe(true);
  });

  it("is given back when a signal ends us, after the machine was saved", async () => {
    const save = join(folder, "terminal.save");
    let pid = 0;
    const screen = await inTerminal(`--save ${save}`, [
      {
        after: /pid (\d+)/,
        type: ([, digits]) => {
          pid = Number(digits);
        },
      },
      { after: />/, type: () => process.kill(pid, "SIGTERM") },
    ]);
    expect(screen).toContain(`the machine is saved to ${save}`);
    expect(screen).toContain("status 143");
    expect(isCooked(screen)).toBe(true);
  });

  it("has a monitor, and the guest runs on beside it", async () => {
    const save = join(folder, "monitor.save");
    const screen = await inTerminal("", [
      { after: />/, type: `${A}c` },
      { after: /\(runikraft\) /, type: "infox\x7f status\r" },
      { after: /running, 1 harts.*\r\n\(runikraft\) /, type: "stop\r" },
      { after: /\(runikraft\) /, type: `savevm ${save}\r` },
      { after: /saved to.*\r\n\(runikraft\) /, type: "info status\rcont\r" },
      { after: /stopped[\s\S]*\(runikraft\) /, type: `${A}c` },
      { after: /back to the guest/, type: "z" },
      { after: /7a/, type: `${A}c` },
      { after: /\(runikraft\) /, type: `loadvm ${save}\r` },
      { after: /loaded from.*\r\n\(runikraft\) /, type: `${A}cy` },
      { after: /79/, type: `${A}c` },
      { after: /\(runikraft\) /, type: "quit\r" },
    ]);
    expect(screen).toContain("status 0");
    expect(isCooked(screen)).toBe(true);
  });
});
