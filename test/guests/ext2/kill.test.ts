import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { checkWritten, syncedLines } from "../linux/crash.ts";
import { commandLine, compileStatic, root, temporaryFolder } from "../toolchain.ts";
import { checkDisk, debugfs, makeDisk } from "./disk.ts";

/** The host process is killed while a program writes: the disk is whole, and what was fsynced is on it. KILLS=200 is more. */
const kills = Number(process.env.KILLS ?? 20);
/** Kills that one disk has to survive. */
const DISK_LIFE = 5;

const folder = temporaryFolder();
const disk = join(folder, "disk.img");
const programs = {
  synced: join(folder, "synced-writes"),
  churn: join(folder, "churn"),
};

beforeAll(() => {
  compileStatic(join(root, "test/guests/linux/files/synced-writes.c"), programs.synced);
  compileStatic(join(root, "test/guests/ext2/churn.c"), programs.churn, "-w");
});

/** Runs a program on the disk, kills the host so many milliseconds after its first line, and gives what it printed. */
async function runKilled(program: string, args: readonly string[], milliseconds: number): Promise<string> {
  const [command, ...rest] = commandLine(["run", "--mount", `${disk}:/disk:rw`, program, ...args]);
  const host = spawn(command, rest, { stdio: ["ignore", "pipe", "inherit"] });
  let text = "";
  host.stdout.on("data", (bytes: Buffer) => {
    text += bytes.toString("latin1");
  });
  host.stdout.once("data", () => setTimeout(() => host.kill("SIGKILL"), milliseconds));
  const [, signal] = await once(host, "close");
  expect(signal).toBe("SIGKILL");
  return text;
}

test("a file system survives the host's end at any moment", { timeout: kills * 30_000 }, async () => {
  for (let kill = 0; kill < kills; kill++) {
    if (kill % DISK_LIFE === 0) {
      makeDisk(disk, "96M", "-b", ["1024", "4096"][(kill / DISK_LIFE) % 2]);
      // debugfs would put them where the next commit of a killed file system wants to go.
      debugfs(disk, ...Array.from({ length: DISK_LIFE }, (_, n) => `mkdir written-${kill + n}`));
    }
    const milliseconds = Math.random() * 1500;
    if (kill % 2 === 0) {
      await runKilled(programs.churn, ["/disk", String(kill)], milliseconds);
      checkDisk(disk);
      continue;
    }
    const name = `written-${kill}`;
    const said = syncedLines(await runKilled(programs.synced, [`/disk/${name}`], milliseconds));
    checkDisk(disk);
    debugfs(disk, `rdump /${name} ${folder}`);
    checkWritten(join(folder, name), said);
  }
});
