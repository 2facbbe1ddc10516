import { expect, test } from "vitest";
import { WaitQueue } from "./wait-queue.ts";

test("a wake-up reaches all who wait, until they leave", () => {
  const queue = new WaitQueue();
  const woken: string[] = [];
  const leave = ["a", "b"].map((name) => queue.add((events) => woken.push(`${name}${events}`)));
  expect(queue.isEmpty).toBe(false);
  queue.wake(4);
  leave[0]();
  queue.wake(1);
  leave[1]();
  queue.wake(2);
  expect([woken.join(), queue.isEmpty]).toEqual(["a4,b4,b1", true]);
});

test("one that leaves or comes while others are being woken confuses nobody", () => {
  const queue = new WaitQueue();
  const woken: string[] = [];
  const leaveSecond: (() => void)[] = [];
  queue.add(() => {
    woken.push("first");
    leaveSecond[0]?.();
    queue.add(() => woken.push("late"));
  });
  leaveSecond.push(queue.add(() => woken.push("second")));
  queue.wake();
  expect(woken).toEqual(["first", "second"]);
  queue.wake();
  expect(woken.slice(2)).toEqual(["first", "late"]);
});

test("of those who wait exclusively one is woken, in turn; one that has no use for it lets the next have it", () => {
  const queue = new WaitQueue();
  const woken: string[] = [];
  const busy = new Set<string>();
  for (const name of ["a", "b", "c"])
    queue.addExclusive(() => {
      if (busy.has(name)) return false;
      woken.push(name);
      return true;
    });
  queue.add(() => woken.push("all"));
  queue.wake();
  queue.wake();
  busy.add("c");
  queue.wake();
  expect(woken.join()).toBe("all,a,all,b,all,a");
});

test("one that leaves twice takes no other one along, and who is woken last stays last", () => {
  const queue = new WaitQueue();
  const woken: string[] = [];
  const stays = (name: string) => queue.addExclusive(() => woken.push(name) > 0);
  const leave = queue.addExclusive(() => {
    woken.push("gone");
    leave();
    leave();
    return true;
  });
  stays("a");
  const leaveB = stays("b");
  queue.wake();
  queue.wake();
  leaveB();
  leaveB();
  for (let i = 0; i < 2; i++) queue.wake();
  expect([woken.join(), queue.isEmpty]).toEqual(["gone,a,a,a", false]);
});
