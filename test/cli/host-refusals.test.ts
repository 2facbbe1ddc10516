import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { assembled, cli, folder, runikraft } from "./command-line.ts";

/** What the host refuses to do for us: one line, exit 3, in the user's language. */

/** Prints without end. */
const kernel = assembled(
  "prints",
  ".globl _start\n_start: li s0, 0x10000000\n1: sb s0, 0(s0)\n j 1b\n",
  "--base",
  "0x80000000",
);
const boot = (...options: string[]) => ["boot", "--bios", "none", kernel, ...options];
const limit = ["--max-instructions", "1000"];
const chinese = { env: { RUNIKRAFT_LANG: "zh" } };

/** By a shell, which connects the streams. */
function inShell(args: readonly string[], redirections: string) {
  const words = [process.execPath, cli, ...args].map((word) => `'${word}'`).join(" ");
  const { status, stderr } = spawnSync("sh", ["-c", `${words} </dev/null ${redirections}`], {
    encoding: "utf8",
    timeout: 60_000,
    env: { ...process.env, RUNIKRAFT_LANG: "", RUNIKRAFT_DEBUG: "" },
  });
  return { status, stderr };
}

describe("a full disk", () => {
  it("under standard output", () => {
    const stderr = "runikraft: cannot write standard output: no space is left on it\n";
    expect(inShell(boot(), ">/dev/full")).toEqual({ status: 3, stderr });
    expect(inShell(["libs"], ">/dev/full")).toEqual({ status: 3, stderr });
  });

  it("under standard error leaves the exit status", () => {
    expect(inShell(["fly"], "2>/dev/full").status).toBe(2);
    expect(inShell(["info", join(folder, "missing")], "2>/dev/full").status).toBe(3);
  });

  it("under a capture", () => {
    expect(runikraft(boot("--net", "user", "--pcap", "/dev/full", ...limit)).stderr).toMatch(
      /^runikraft: cannot write \/dev\/full: no space is left on it\n/,
    );
  });
});

describe("an address that is in use", () => {
  const forward = (port: number) => ["--hostfwd", `tcp:127.0.0.1:${port}-:80`];

  it("is refused, and the ports before it are let go", async () => {
    const server = createServer();
    const port = await new Promise<number>((resolve) => {
      server.listen(0, "127.0.0.1", () => resolve((server.address() as { port: number }).port));
    });
    server.close();
    const args = boot("--net", "user", ...forward(port), ...forward(port), ...limit);
    expect(runikraft(args)).toEqual({
      status: 3,
      stdout: "",
      stderr: `runikraft: cannot forward 127.0.0.1:${port}: the address is in use\n`,
    });
    expect(runikraft(args, chinese).stderr).toBe(`runikraft: 无法转发 127.0.0.1:${port}：该地址已被占用\n`);
  });
});

describe("a file to save to", () => {
  it("that cannot be written is refused before there is a machine to lose", () => {
    const place = mkdtempSync(join(folder, "save-"));
    const missing = join(place, "missing", "save");
    const { status, stdout, stderr } = runikraft(boot("--save", missing, ...limit));
    expect({ status, stdout }).toEqual({ status: 3, stdout: "" });
    expect(stderr).toBe(`runikraft: cannot write ${missing}: no such file or directory\n`);
    expect(runikraft(boot("--save", place, ...limit)).stderr).toMatch(/it is a directory\n$/);
    expect(readdirSync(place)).toEqual([]);
  });
});
