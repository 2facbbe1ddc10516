import { afterEach, beforeEach, expect, test } from "vitest";
import { Console } from "../../test/guests/linux/console.ts";
import { BenchError } from "../child.ts";
import { checkSum, secondsOf } from "./guest.ts";

/** A shell of the host stands in for a guest's. */
let shell: Console;
beforeEach(async () => {
  shell = new Console(["env", "PS1=# ", "sh", "-i"]);
  await shell.expect("# ");
});
afterEach(() => shell.kill());

test("a command takes at least the time that it sleeps", async () => {
  expect(await secondsOf(shell, "sleep 0.2")).toBeGreaterThan(0.15);
});

test("a command that fails is no measurement", async () => {
  await expect(secondsOf(shell, "true && false")).rejects.toThrow(BenchError);
});

test("a wrong sum is found, and a right one is not", async () => {
  const sum = "0cc175b9c0f1b6a831c399e269772661"; // of "a"
  await checkSum(shell, "printf a", sum);
  await expect(checkSum(shell, "printf b", sum)).rejects.toThrow(`must be ${sum}`);
});
