import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { beforeAll, describe, expect, it } from "vitest";
import { busybox, qemu, root, runikraft, temporaryFolder } from "./toolchain.ts";

/** Debian's static busybox, unmodified. */

const folder = temporaryFolder();
/** Text with enough in it to sort, count and compress. */
const text = Array.from(
  { length: 20_000 },
  (_, i) => `${(i * 7919) % 10_007} word${i % 97} line ${i}\n`,
).join("");

beforeAll(() => {
  writeFileSync(join(folder, "text"), text);
  mkdirSync(join(folder, "sub"));
});

const MOUNT = ["--mount", `${folder}:/host`];
const MOUNT_RW = ["--mount", `${folder}:/host:rw`];

function applet(options: readonly string[], ...args: string[]) {
  const result = runikraft(["run", ...options, busybox, ...args]);
  expect(result.stderr).toBe("");
  expect(result.status).toBe(0);
  return result.stdout;
}

describe("busybox applets", () => {
  it("uname -a names a riscv64 Linux", () => {
    expect(applet([], "uname", "-a")).toMatch(/^Linux \S+ \d+\.\d+.* riscv64 GNU\/Linux\n$/);
  });

  it("sha256sum agrees with Node's own digest", () => {
    const digest = createHash("sha256").update(text).digest("hex");
    expect(applet(MOUNT, "sha256sum", "/host/text")).toBe(`${digest}  /host/text\n`);
  });

  it("awk and sort print what they print under qemu-riscv64", () => {
    const program =
      '{ sum[$2] += $1; n++ } END { for (k in sum) print k, sum[k] / 3.7; printf "%.9f %e %x\\n", n / 7, n * 1e300, n }';
    const host = join(folder, "text");
    expect(applet(MOUNT, "awk", program, "/host/text")).toBe(qemu([busybox, "awk", program, host]).stdout);
    for (const order of [["-n"], ["-r", "-k2"], ["-u", "-k2,2"]])
      expect(applet(MOUNT, "sort", ...order, "/host/text")).toBe(
        qemu([busybox, "sort", ...order, host]).stdout,
      );
  });

  it("sh -c does arithmetic, loops and substitutions", () => {
    const script = [
      "echo $((6 * 7)) $((1 << 40)) $((-7 / 2)) $((0x10 + 010)) $((5 > 3 ? 1 : 0))",
      'i=0; while [ $i -lt 5 ]; do i=$((i + 1)); printf "%s," $i; done; echo',
      // biome-ignore lint/suspicious/noTemplateCurlyInString: the shell's own
      "v=archive.tar.gz; echo ${v%.*} ${v%%.*} ${v#*.} ${#v}",
      "case riscv64 in risc*) echo yes;; esac; set -- a b c; echo $# $2",
      "f() { return 3; }; f; echo $?",
    ].join("\n");
    expect(applet([], "sh", "-c", script)).toBe(qemu([busybox, "sh", "-c", script]).stdout);
    expect(runikraft(["run", busybox, "sh", "-c", "exit 9"]).status).toBe(9);
  });

  it("ls -l / lists the guest's own root and nothing of the host", () => {
    const listing = applet([], "ls", "-l", "/");
    for (const name of ["dev", "proc", "tmp"]) expect(listing).toMatch(new RegExp(`^d\\S+ .* ${name}$`, "m"));
    expect(listing).not.toMatch(/ (home|work|boot)$/m);
    expect(runikraft(["run", busybox, "cat", join(folder, "text")]).status).toBe(1);
  });

  it("gzip and gunzip make a round trip by file", () => {
    writeFileSync(join(folder, "plain"), text);
    applet(MOUNT_RW, "gzip", "/host/plain");
    expect(gunzipSync(readFileSync(join(folder, "plain.gz"))).toString()).toBe(text);
    applet(MOUNT_RW, "gunzip", "/host/plain.gz");
    expect(readFileSync(join(folder, "plain"), "utf8")).toBe(text);
    writeFileSync(join(folder, "ours.gz"), gzipSync(text));
    expect(applet(MOUNT, "gunzip", "-c", "/host/ours.gz")).toBe(text);
  });

  it("writes to a read-only mount and to --root stay in memory or are refused", () => {
    expect(runikraft(["run", ...MOUNT, busybox, "touch", "/host/new"]).stderr).toMatch(
      /Read-only file system/,
    );
    applet(
      ["--root", folder],
      "sh",
      "-c",
      "echo changed > /text && read line < /text && [ $line = changed ]",
    );
    expect(readFileSync(join(folder, "text"), "utf8")).toBe(text);
  });
});

/** Runs a command line of ours in a terminal of 24 by 80 and types `keys`, each after the screen shows `after`. */
function inTerminal(command: string, keys: readonly { after: RegExp; type: string }[]): Promise<string> {
  const shell = `stty rows 24 cols 80; ${command}; echo "status $?"; stty -a`;
  const child = spawn("script", ["-qec", shell, "/dev/null"], { env: { ...process.env, TERM: "vt100" } });
  let screen = "";
  let seen = 0;
  let next = 0;
  return new Promise((resolve, reject) => {
    const limit = setTimeout(() => {
      child.kill();
      reject(
        new Error(`waited for ${keys[next]?.after ?? "the end"}; the screen got ${JSON.stringify(screen)}`),
      );
    }, 60_000);
    child.stdout.on("data", (bytes: Buffer) => {
      screen += bytes.toString();
      while (next < keys.length && keys[next].after.test(screen.slice(seen))) {
        seen = screen.length;
        child.stdin.write(keys[next++].type);
      }
    });
    child.on("close", () => {
      clearTimeout(limit);
      resolve(screen);
    });
  });
}

const cli = `${process.execPath} ${join(root, "dist/cli.js")}`;

describe("busybox in a terminal", () => {
  it("vi edits a file, sees the window's size and leaves the terminal as it was", async () => {
    writeFileSync(join(folder, "letter"), "one\ntwo\nthree\n");
    const command = `${cli} run --mount ${folder}:/host:rw ${busybox} vi /host/letter`;
    const screen = await inTerminal(command, [
      { after: /three/, type: "ddoinserted\x1b" },
      { after: /inserted/, type: ":wq\r" },
    ]);
    expect(readFileSync(join(folder, "letter"), "utf8")).toBe("two\ninserted\nthree\n");
    // vi fills the 24 rows: the last above its status line shows a tilde.
    expect(screen).toContain("\x1b[23;1H~");
    expect(screen).toContain("status 0");
    expect(screen).toMatch(/[^-]icanon/);
    expect(screen).toMatch(/[^-]echo /);
  });

  it("Ctrl-C reaches the guest", async () => {
    const screen = await inTerminal(
      `${cli} run ${busybox} sh -c 'trap "echo caught; exit 5" INT; echo ready; while :; do :; done'`,
      [{ after: /ready/, type: "\x03" }],
    );
    expect(screen).toContain("caught");
    expect(screen).toContain("status 5");
  });

  it("Ctrl-C ends a guest that does not handle it, with 130", async () => {
    const screen = await inTerminal(`${cli} run ${busybox} sh -c 'echo ready; while :; do :; done'`, [
      { after: /ready/, type: "\x03" },
    ]);
    expect(screen).toContain("status 130");
    expect(screen).toMatch(/[^-]icanon/);
  });
});
