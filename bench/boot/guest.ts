import type { Console } from "../../test/guests/linux/console.ts";
import { BenchError } from "../child.ts";

/** Longer than anything here takes on a busy machine. */
export const LIMIT = 900;

/** What is used of a guest's console. */
export type Shell = Pick<Console, "type" | "expect" | "run">;

/** Host seconds that a command takes in the guest: no clock of the guest's, nor the typing, has a part in it. */
export async function secondsOf(guest: Shell, command: string): Promise<number> {
  // The marks are typed in two halves, so that the echo of the line does not count.
  guest.type(`echo "sta""rted"; ${command}; echo "end""ed=$?"`);
  await guest.expect("started", LIMIT);
  const start = performance.now();
  const output = await guest.expect("ended=", LIMIT);
  const seconds = (performance.now() - start) / 1000;
  const code = await guest.expect("# ", LIMIT);
  if (!code.startsWith("0")) throw new BenchError(`${command} ended with ${code}${output}`);
  return seconds;
}

/** Throws `BenchError` where the guest's md5sum says something else of what `command` prints. */
export async function checkSum(guest: Shell, command: string, expected: string): Promise<void> {
  // The command may say something, too, and a long line's echo goes over several.
  const sum = /^[0-9a-f]{32}(?= )/m.exec(await guest.run(`${command} | md5sum`, LIMIT))?.[0];
  if (sum !== expected) throw new BenchError(`${command}: MD5 sum ${sum}, and it must be ${expected}`);
}
