import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { applications } from "./applications.ts";
import { busybox, runikraft, temporaryFolder } from "./toolchain.ts";

/** What `runikraft scan` says of real programs, against what they are seen to call. */

const folder = temporaryFolder();

interface Scanned {
  readonly syscalls: readonly { readonly name: string }[];
  readonly undecided: readonly { readonly file: string; readonly why: string }[];
  readonly missing: readonly unknown[];
  readonly libraries: readonly string[];
}

function scan(program: string, options: readonly string[] = ["--root", applications]): Scanned {
  return JSON.parse(runikraft(["scan", "--json", ...options, program]).stdout);
}

/** Names of the calls of the program itself: those of a process up to where it executes another. */
function traced(args: readonly string[], options: readonly string[] = ["--root", applications]): Set<string> {
  const log = join(folder, "calls.txt");
  runikraft(["run", `--strace=${log}`, "--env", "LC_ALL=C", ...options, ...args]);
  const gone = new Set<string>();
  const names = new Set<string>();
  for (const line of readFileSync(log, "utf8").split("\n")) {
    const match = /^(?:\[pid +(\d+)\] )?([a-z_0-9]+)\(/.exec(line);
    if (!match) continue;
    const [, pid = "1", name] = match;
    if (gone.has(pid)) continue;
    names.add(name);
    if (name === "execve" && !/ = -1 /.test(line)) gone.add(pid);
  }
  return names;
}

const BASH =
  'x=$(echo hi); for i in 1 2; do echo $i; done | cat; cd /; pwd; kill -0 $$; ulimit -n; (exit 3); times; umask; test -f /etc/passwd; echo > /tmp/a; read -t 1 y </dev/null; trap "echo bye" EXIT; sleep 0.01 & wait';
const PYTHON =
  'import os,time,json,hashlib,threading,socket,select,tempfile,subprocess; t=threading.Thread(target=lambda: time.sleep(0.01)); t.start(); t.join(); print(os.getpid(), len(os.listdir("/")), len(os.urandom(2))); f=tempfile.TemporaryFile(); f.write(b"x"); f.flush(); subprocess.run(["/usr/bin/true"]); a,b=socket.socketpair(); select.select([a],[],[],0); select.epoll().close()';
const SQL = "create table t(a); insert into t values(1),(2); select sum(a) from t; vacuum;";

const PROGRAMS: readonly (readonly [string, ...string[]])[] = [
  ["/usr/bin/bash", "-c", BASH],
  ["/usr/bin/dash", "-c", "echo hi | cat; cd /tmp; pwd; ulimit -n"],
  ["/usr/bin/ls", "-laR", "/etc/ssl"],
  ["/usr/bin/cat", "/etc/passwd"],
  ["/usr/bin/sort", "/etc/passwd"],
  ["/usr/bin/cp", "-a", "/etc/passwd", "/tmp/copy"],
  ["/usr/bin/dd", "if=/dev/zero", "of=/tmp/zero", "bs=1k", "count=4"],
  ["/usr/bin/date"],
  ["/usr/bin/id"],
  ["/usr/bin/df"],
  ["/usr/bin/sleep", "0.01"],
  ["/usr/bin/find", "/etc", "-name", "*.conf"],
  ["/usr/bin/grep", "-r", "root", "/etc/ssl"],
  ["/usr/bin/gawk", 'BEGIN { "echo hi" | getline x; print x, systime() }'],
  ["/usr/bin/lua5.4", "-e", 'print(os.time()); io.open("/tmp/l","w"):write("x"); os.remove("/tmp/l")'],
  ["/usr/bin/sqlite3", "/tmp/a.db", `pragma journal_mode=wal; ${SQL}`],
  ["/usr/bin/python3.13", "-c", PYTHON],
];

describe("the calls that are found hold all that are made", () => {
  it.each(PROGRAMS)("%s", (...args) => {
    const { syscalls, missing } = scan(args[0]);
    const found = new Set(syscalls.map(({ name }) => name));
    const made = traced(args);
    expect(made.size).toBeGreaterThan(10);
    expect([...made].filter((name) => !found.has(name))).toEqual([]);
    expect(missing).toEqual([]);
    // Far from all that Linux has: the scan tells one program from another.
    expect(found.size).toBeLessThan(200);
  });

  it("of a static program without symbols and unwinding tables", () => {
    const { syscalls } = scan(busybox, []);
    const found = new Set(syscalls.map(({ name }) => name));
    const made = traced([busybox, "sh", "-c", "ls /; echo hi | cat; id; sleep 0"], []);
    expect([...made].filter((name) => !found.has(name))).toEqual([]);
  });
});

describe("what is not decided", () => {
  it("is said: a program that takes the number of a call from its user", () => {
    const { undecided } = scan("/usr/bin/perl");
    expect(undecided.some(({ file, why }) => file === "/usr/bin/perl" && /number/.test(why))).toBe(true);
  });

  it("is nothing in a small tool", () => {
    expect(scan("/usr/bin/cat").undecided).toEqual([]);
  });
});

it.each([
  ["/usr/bin/cat", "/etc/passwd"],
  ["/usr/bin/bash", "-c", "echo $(echo hi | cat)"],
  ["/usr/bin/sqlite3", ":memory:", SQL],
])("the libraries proposed for %s run it", (program, ...args) => {
  const path = join(folder, "Runikraftfile");
  writeFileSync(path, runikraft(["scan", "--root", applications, "--runikraftfile", program]).stdout);
  const { status, stdout } = runikraft(["run", "-f", path, "--", ...args]);
  const usual = runikraft(["run", "--root", applications, program, ...args]);
  expect({ status, stdout }).toEqual({ status: usual.status, stdout: usual.stdout });
  expect(status).toBe(0);
});
