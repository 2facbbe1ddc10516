import { execFileSync } from "node:child_process";
import { afterEach, expect, test } from "vitest";
import { Console } from "../../test/guests/linux/console.ts";
import { BenchError } from "../child.ts";
import { checkSum, type Shell, secondsOf } from "./guest.ts";

let typed: Console | undefined;
afterEach(() => typed?.kill());

/** The host's shell stands in for a guest's; it stays when the line is done. */
const shell: Shell = {
  type(line) {
    typed = new Console(["sh", "-c", `${line}; printf "# "; exec cat`]);
  },
  expect: (what, seconds) => typed?.expect(what, seconds) ?? Promise.reject(new Error("nothing typed")),
  run: async (command) => execFileSync("sh", ["-c", command], { encoding: "utf8" }),
};

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
