import { expect, test } from "vitest";
import { RefusedError } from "../messages/errors.ts";
import { WorkQueue } from "./work-queue.ts";

const later = <T>(value: T, milliseconds: number) =>
  new Promise<T>((resolve) => setTimeout(resolve, milliseconds, value));

function queue(inOrder: boolean) {
  let wakes = 0;
  const seen: unknown[] = [];
  const work = new WorkQueue(inOrder, () => wakes++);
  const see = (work_: Promise<unknown>) =>
    work.follow(
      work_,
      (value) => seen.push(value),
      (error) => seen.push(error),
    );
  return { work, seen, see, wakes: () => wakes };
}

test("in virtual time callbacks come in order, and only when settled", async () => {
  const { work, seen, see, wakes } = queue(true);
  see(later("slow", 20));
  see(Promise.reject("failed"));
  see(later("quick", 1));
  await later(0, 5);
  work.deliver();
  expect([seen, work.isIdle]).toEqual([[], false]);
  await work.settle();
  expect([seen, work.isIdle, wakes()]).toEqual([["slow", "failed", "quick"], true, 0]);
});

test("in host time they come as the host is done, and only when delivered", async () => {
  const { work, seen, see, wakes } = queue(false);
  see(later("slow", 20));
  see(later("quick", 1));
  await later(0, 8);
  expect([seen, wakes()]).toEqual([[], 1]);
  work.deliver();
  expect([seen, work.isIdle]).toEqual([["quick"], false]);
  await work.drain();
  expect([seen, work.isIdle]).toEqual([["quick", "slow"], true]);
});

test.each([true, false])("work that always leads to more hangs nobody (in order: %s)", async (inOrder) => {
  const { work } = queue(inOrder);
  let count = 0;
  const again = () => {
    count++;
    work.follow(Promise.resolve(), again, () => {});
  };
  again();
  await work.settle();
  expect(count).toBe(2);
  await expect(work.drain()).rejects.toThrow(RefusedError);
});

test.each([true, false])("what a callback throws is the machine's to see (in order: %s)", async (inOrder) => {
  const { work } = queue(inOrder);
  work.follow(
    Promise.resolve(),
    () => {
      throw new Error("a bug");
    },
    () => {},
  );
  await expect(work.settle()).rejects.toThrow("a bug");
});
