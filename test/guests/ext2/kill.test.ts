import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { checkWritten, syncedLines } from "../linux/crash.ts";
import { compileStatic, root, temporaryFolder } from "../toolchain.ts";
import { debugfs, makeDisk, repairDisk } from "./disk.ts";

/**
 * The host process is killed while a program writes: the disk is whole, but for what e2fsck mends without losing anything,
 * and what was fsynced is on it. KILLS=200 is more.
 */
const kills = Number(process.env.KILLS ?? 20);

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
  const command = [join(root, "dist/cli.js"), "run", "--mount", `${disk}:/disk:rw`, program, ...args];
  const host = spawn(process.execPath, command, { stdio: ["ignore", "pipe", "inherit"] });
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
    // On disks that were killed before, too.
    if (kill % 5 === 0) makeDisk(disk, "96M", "-b", ["1024", "4096"][(kill / 5) % 2]);
    const milliseconds = Math.random() * 1500;
    if (kill % 2 === 0) {
      await runKilled(programs.churn, ["/disk", String(kill)], milliseconds);
      repairDisk(disk);
      continue;
    }
    const name = `written-${kill}`;
    debugfs(disk, `mkdir ${name}`);
    const said = syncedLines(await runKilled(programs.synced, [`/disk/${name}`], milliseconds));
    repairDisk(disk);
    debugfs(disk, `rdump /${name} ${folder}`);
    checkWritten(join(folder, name), said);
  }
});
