import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { Answer, Job } from "../cpu/jit/job.ts";
import type { Translator } from "../cpu/jit/translator.ts";
import { translatorOf } from "./translator.ts";

const folder = mkdtempSync(join(tmpdir(), "runikraft-translator-"));

/** A thread that answers with its own number, and dies of job 666. */
function script(name: string): string {
  const path = join(folder, name);
  const text = `
    const { parentPort, threadId } = require("node:worker_threads");
    parentPort.on("message", ({ port, sent, memory }) => port.on("message", ({ id }) => {
      if (id === 666) throw new Error("dies");
      port.postMessage({ id, missing: [threadId, new Uint8Array(memory)[7]] });
      Atomics.add(sent, 0, 1);
    }));`;
  writeFileSync(path, text);
  return path;
}

const job = (id: number): Job => ({
  id,
  entry: 0,
  isCommon: true,
  pages: [],
  choices: [],
  wide: [],
  isLast: true,
});
const memory = (value: number) => new Uint8Array(new SharedArrayBuffer(16)).fill(value).buffer;

async function answerOf(translator: Translator, id: number): Promise<Answer> {
  translator.request(job(id));
  for (;;) {
    const answer = translator.take();
    if (answer) return answer;
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

test("two machines share a thread, each with its own memory and answers, until both are gone", async () => {
  const path = script("shared.cjs");
  const [one, other] = [translatorOf(path, memory(1)), translatorOf(path, memory(2))];
  const [first, second] = await Promise.all([answerOf(one, 11), answerOf(other, 22)]);
  expect([first.id, first.missing[1]]).toEqual([11, 1]);
  expect([second.id, second.missing[1]]).toEqual([22, 2]);
  expect(second.missing[0]).toBe(first.missing[0]);
  one.close();
  expect(one.isAlive).toBe(false);
  expect(other.isAlive).toBe(true);
  expect((await answerOf(other, 23)).missing[0]).toBe(first.missing[0]);
  other.close();
  const last = translatorOf(path, memory(3));
  expect((await answerOf(last, 33)).missing[0]).not.toBe(first.missing[0]);
  last.close();
});

test("a thread that dies is not alive for any machine, and the next machine has another one", async () => {
  const path = script("dies.cjs");
  const [one, other] = [translatorOf(path, memory(1)), translatorOf(path, memory(2))];
  one.request(job(666));
  while (one.isAlive) await new Promise((resolve) => setTimeout(resolve, 1));
  expect(other.isAlive).toBe(false);
  expect(one.take()).toBeUndefined();
  one.close();
  other.close();
  const next = translatorOf(path, memory(3));
  expect((await answerOf(next, 1)).id).toBe(1);
  next.close();
});
