import { execFileSync, spawnSync } from "node:child_process";
import { copyFileSync, existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Console } from "./console.ts";
import type { Computer, Emulator } from "./emulators.ts";

/**
 * A power cut while a Linux guest writes: what files/synced-writes.c says is safe has to be on the disk, and the
 * file system whole but for its journal.
 */

/** As in files/synced-writes.c. */
const SLOTS = 64;
const WORDS_AT_MOST = 16384;

/**
 * What e2fsck prints about a journal that it replayed; everything else is damage. The superblock's totals belong
 * here: ext4 writes them when it unmounts, and counts them anew from the groups' when it mounts.
 */
const RECOVERY = [
  /^e2fsck /,
  /: recovering journal$/,
  /^Pass \d[A-Z]?: /,
  /^Clearing orphaned inode \d+ \(/,
  /^Setting free (inodes|blocks) count to \d+ \(was \d+\)$/,
  /^Free (blocks|inodes) count wrong \(\d+, counted=\d+\)\.$/,
  /^Fix\? yes$/,
  /\*\*\*\*\* FILE SYSTEM WAS MODIFIED \*\*\*\*\*$/,
  /: \d+\/\d+ files \(.*\), \d+\/\d+ blocks$/,
  /^$/,
];

/**
 * Boots `computer` from its disk (made by makeRootDisk), lets it write to its folder /root/NAME for `seconds`,
 * kills it, and checks a copy of the disk in `folder`. Returns how many files were said to be safe.
 * @throws Error saying what is missing or damaged.
 */
export async function cutPower(
  emulator: Emulator,
  computer: Computer & { readonly disk: string },
  seconds: number,
  folder: string,
  name: string,
): Promise<number> {
  const guest = new Console(emulator(computer));
  await guest.expect("# ");
  guest.type(`mkdir /root/${name} && exec synced-writes /root/${name}`);
  await guest.expect("synced 0 ");
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  guest.kill();
  await guest.ended;
  const said = syncedLines(guest.text);

  const copy = join(folder, "after-crash.ext4");
  copyFileSync(computer.disk, copy);
  replayJournal(copy);
  execFileSync("debugfs", ["-R", `rdump /root/${name} ${folder}`, copy], { stdio: "pipe" });
  checkWritten(join(folder, name), said);
  return said.length;
}

/** What files/synced-writes.c said to be safe. */
export function syncedLines(text: string): string[] {
  return [...text.matchAll(/^synced (\d+ \d+ [0-9a-f]{8})\r?$/gm)].map(([, line]) => line ?? "");
}

/** @throws Error when something of it is not in `folder`. */
export function checkWritten(folder: string, said: readonly string[]): void {
  checkSlots(folder, said.length);
  checkLog(join(folder, "log"), said);
}

/** @throws Error when there is more to repair than a journal, or anything is left after it */
function replayJournal(disk: string): void {
  const repair = spawnSync("e2fsck", ["-fy", disk], { encoding: "utf8" });
  const damage = `${repair.stdout}${repair.stderr}`
    .split("\n")
    .filter((line) => !RECOVERY.some((harmless) => harmless.test(line)));
  if (damage.length > 0 || (repair.status ?? 8) > 1)
    throw new Error(`e2fsck found damage:\n${damage.join("\n")}`);
  const again = spawnSync("e2fsck", ["-fn", disk], { encoding: "utf8" });
  if (again.status !== 0) throw new Error(`not clean after the journal was replayed:\n${again.stdout}`);
}

/** Every slot holds one whole file: the last one said to be safe there, or one that came after. */
function checkSlots(folder: string, said: number): void {
  for (let slot = 0; slot < Math.min(SLOTS, said); slot++) {
    const path = join(folder, `slot-${slot}`);
    const last = slot + SLOTS * Math.floor((said - 1 - slot) / SLOTS);
    if (!existsSync(path)) throw new Error(`file ${last} was synced, and is not there`);
    const content = readFileSync(path);
    const n = content.length < 4 ? -1 : content.readUInt32LE(0);
    if (n < last || n % SLOTS !== slot)
      throw new Error(`slot ${slot} holds file ${n}, and ${last} was synced`);
    if (!content.equals(contentOf(n))) throw new Error(`file ${n} is damaged`);
  }
}

/** The log begins with every line that was said, in order. */
function checkLog(path: string, said: readonly string[]): void {
  const lines = readFileSync(path, "utf8").split("\n");
  const wrong = said.findIndex((line, index) => lines[index] !== line);
  if (wrong >= 0) throw new Error(`the log's line ${wrong} is ${lines[wrong]}, synced was ${said[wrong]}`);
}

/** The Nth file, as files/synced-writes.c makes it. */
function contentOf(n: number): Uint8Array {
  let state = (Math.imul(n, 2654435761) + 1) >>> 0;
  const next = () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state;
  };
  const content = Buffer.alloc(4 * (1 + (next() % WORDS_AT_MOST)));
  content.writeUInt32LE(n, 0);
  for (let at = 4; at < content.length; at += 4) content.writeUInt32LE(next(), at);
  return content;
}
