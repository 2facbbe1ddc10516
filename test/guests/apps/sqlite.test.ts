import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { application, applications } from "../applications.ts";
import { root } from "../toolchain.ts";

/** What the database is killed how often: the whole machine by the host, and a process inside by another. */
const HOST_KILLS = 25;
const GUEST_KILLS = 25;
/** Where in its work it is killed, at random: after so many milliseconds since its first commit at most. */
const LATEST_KILL = 400;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "runikraft-sqlite-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

const mount = () => ["--mount", `${folder}:/data:rw`, "--cwd", "/data"];

function sqlite(input: string, ...args: string[]): string {
  const { status, stdout, stderr } = application(["/usr/bin/sqlite3", ...args], { input, options: mount() });
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  return stdout;
}

/** Commits rows, one by one or ten at a time, from the last one on. Says so after each commit. */
const WRITER = `
import sqlite3, sys, zlib
db = sqlite3.connect("/data/killed.db", timeout=60, isolation_level=None)
db.execute("pragma journal_mode = wal")
db.execute("pragma synchronous = full")
db.execute("create table if not exists t(id integer primary key, sum integer, body blob)")
last = db.execute("select coalesce(max(id), 0) from t").fetchone()[0]
while True:
    db.execute("begin immediate")
    for _ in range(10 if last % 3 == 0 else 1):
        last += 1
        body = bytes([last % 256]) * (last * 37 % 500)
        db.execute("insert into t values (?, ?, ?)", (last, zlib.crc32(body), body))
    db.execute("commit")
    sys.stdout.write(f"{last}\\n")
    sys.stdout.flush()
    if last % 50 == 0:
        db.execute("pragma wal_checkpoint")
`;

/** Kills the writer, again and again, at random times after its first commit. Says what it committed each time. */
const KILLER = `
import os, random, select, subprocess, sys, time
for _ in range(${GUEST_KILLS}):
    child = subprocess.Popen([sys.executable, "-c", sys.argv[1]], stdout=subprocess.PIPE)
    said = os.read(child.stdout.fileno(), 100)
    time.sleep(random.random() * ${LATEST_KILL / 1000})
    child.kill()
    while part := os.read(child.stdout.fileno(), 65536):
        said += part
    child.wait()
    check = subprocess.run([sys.executable, "-c", sys.argv[2]], stdout=subprocess.PIPE, text=True).stdout
    print(said.decode().rstrip("\\n").split("\\n")[-1], child.returncode, check, end="")
`;

/** Says what a database is like that is opened again: sound, and with how many rows, none missing and none wrong. */
const CHECK = `
import sqlite3, zlib
db = sqlite3.connect("/data/killed.db")
sound = db.execute("pragma integrity_check").fetchone()[0]
last, count = db.execute("select coalesce(max(id), 0), count(*) from t").fetchone()
right = sum(zlib.crc32(body) == total for total, body in db.execute("select sum, body from t"))
print(sound, last, count == last, right == last)
`;

describe("SQLite", () => {
  it("inserts 100,000 rows in WAL mode, by two processes at once", () => {
    const rows = (from: number) =>
      `with recursive n(x) as (select ${from} union all select x + 2 from n limit 1000)`;
    const inserts = (first: number) =>
      Array.from(
        { length: 50 },
        (_, i) => `${rows(first + i * 2000)} insert into t select x, 'row ' || x from n;`,
      ).join("\n");
    const script = `set -e
      sqlite3 many.db 'pragma journal_mode = wal; create table t(id integer primary key, text);'
      cat > odd.sql <<'END'\n.timeout 60000\n${inserts(1)}\nEND
      cat > even.sql <<'END'\n.timeout 60000\n${inserts(2)}\nEND
      sqlite3 many.db < odd.sql & sqlite3 many.db < even.sql; wait $!
      sqlite3 many.db 'create index by_text on t(text); pragma integrity_check; select count(*), sum(id), max(id) from t;
        select id from t where text = "row 77777"; pragma wal_checkpoint(truncate);'`;
    const { status, stdout, stderr } = application(["/bin/bash", "-c", script], { options: mount() });
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(stdout).toBe("wal\nok\n100000|5000050000|100000\n77777\n0|0|0\n");
    // Its file is whole for another machine.
    expect(sqlite("select count(*) from t;", "many.db")).toBe("100000\n");
  });

  it(`loses no committed row when the machine is killed ${HOST_KILLS} times`, async () => {
    let committed = 0;
    for (let kill = 0; kill < HOST_KILLS; kill++) {
      committed = Math.max(committed, await killedMachine());
      const { stdout, stderr } = application(["/usr/bin/python3", "-c", CHECK], { options: mount() });
      expect(stderr).toBe("");
      const [sound, last, ...right] = stdout.trim().split(" ");
      expect([sound, ...right]).toEqual(["ok", "True", "True"]);
      expect(Number(last)).toBeGreaterThanOrEqual(committed);
    }
  });

  it(`loses none when its process is killed ${GUEST_KILLS} times`, () => {
    const { status, stdout, stderr } = application(["/usr/bin/python3", "-c", KILLER, WRITER, CHECK], {
      options: mount(),
    });
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    const lines = stdout.trim().split("\n");
    expect(lines).toHaveLength(GUEST_KILLS);
    for (const line of lines) {
      const [committed, code, sound, last, ...right] = line.split(" ");
      expect([code, sound, ...right]).toEqual(["-9", "ok", "True", "True"]);
      expect(Number(last)).toBeGreaterThanOrEqual(Number(committed));
    }
  });
});

/** Runs the writer in a machine that is killed at a random moment, and returns the last row that it said was committed. */
function killedMachine(): Promise<number> {
  const args = ["run", "--root", applications, ...mount(), "/usr/bin/python3", "-c", WRITER];
  const machine = spawn(process.execPath, [join(root, "dist/cli.js"), ...args]);
  let said = "";
  machine.stdout.on("data", (bytes: Buffer) => {
    if (said === "") setTimeout(() => machine.kill("SIGKILL"), Math.random() * LATEST_KILL);
    said += bytes.toString();
  });
  let errors = "";
  machine.stderr.on("data", (bytes: Buffer) => {
    errors += bytes.toString();
  });
  return new Promise((resolve, reject) => {
    machine.on("close", (_code, signal) => {
      // The last line may be cut off.
      const last = said.split("\n").at(-2);
      if (signal === "SIGKILL" && last !== undefined) resolve(Number(last));
      else reject(new Error(`the writer ended: ${errors}`));
    });
  });
}
