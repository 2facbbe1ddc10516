import { describe, expect, test } from "vitest";
import { errno } from "../syscalls/errno.ts";
import { Budget } from "./budget.ts";
import { HandleTable, NativeObject } from "./handles.ts";

class Box extends NativeObject {
  disposed = 0;
  protected override dispose(): void {
    this.disposed++;
  }
}
class Other extends NativeObject {}

const many = () => new Budget(1_000_000);

describe("handles", () => {
  test("name objects of one kind only, and are used again", () => {
    const table = new HandleTable(many());
    const [a, b] = [new Box(), new Other()];
    expect([table.add(a), table.add(b)]).toEqual([1, 2]);
    expect([table.get(1, Box), table.get(2, Other), table.get(2, Box)]).toEqual([a, b, undefined]);
    for (const wild of [0, -1, 3, 1.5, 2 ** 40, Number.NaN]) {
      expect(table.get(wild, Box)).toBeUndefined();
      expect(table.close(wild)).toBe(-errno.EBADF);
    }
    expect([table.close(1), table.close(1)]).toEqual([0, -errno.EBADF]);
    expect(a.disposed).toBe(1);
    expect(table.add(new Box())).toBe(1);
  });

  test("keep an object until nobody has it, and then wake who waits for it", () => {
    const table = new HandleTable(many());
    const box = new Box();
    table.add(box);
    const child = table.copy();
    let woken = 0;
    box.end.add(() => woken++);
    table.closeAll();
    expect([box.isGone, woken, child.get(1, Box)]).toEqual([false, 0, box]);
    child.closeAll();
    expect([box.isGone, woken, box.disposed]).toEqual([true, 1, 1]);
  });

  test("are limited, in a process and in all of them", () => {
    const table = new HandleTable(many());
    for (let i = 1; i <= 1024; i++) expect(table.add(new Box())).toBe(i);
    const box = new Box();
    expect([table.add(box), box.disposed]).toEqual([-errno.EMFILE, 1]);

    const few = new Budget(3);
    const parent = new HandleTable(few);
    parent.add(new Box());
    const last = new Box();
    parent.add(last);
    const child = parent.copy();
    expect([child.get(1, Box) === undefined, child.get(2, Box)]).toEqual([false, undefined]);
    expect(child.add(new Box())).toBe(-errno.EMFILE);
    parent.closeAll();
    expect(last.disposed).toBe(1);
    expect([child.add(new Box()), child.add(new Box()), child.add(new Box())]).toEqual([2, 3, -errno.EMFILE]);
  });
});
