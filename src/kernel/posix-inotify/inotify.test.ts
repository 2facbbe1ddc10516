import { beforeEach, describe, expect, test } from "vitest";
import { RamFilesystem } from "../ramfs/filesystem.ts";
import { eventPlace } from "../vfs/anonymous.ts";
import { O } from "../vfs/flags.ts";
import { Budget } from "../vfs/limits.ts";
import { failure, Tree } from "../vfs/tree-fixture.ts";
import { IN, Inotify, type InotifyBudgets } from "./inotify.ts";

const ALL = 0xfff;
const NAMES = ["access", "modify", "attrib", "close_write", "close_nowrite", "open"];
const MORE = ["moved_from", "moved_to", "create", "delete", "delete_self", "move_self"];

let tree: Tree;
let budgets: InotifyBudgets;
let inotify: Inotify;

beforeEach(() => {
  tree = new Tree(new RamFilesystem({ limit: 8 << 20, now: () => 0n }));
  budgets = {
    instances: new Budget(2, "EMFILE"),
    watches: new Budget(10, "ENOSPC"),
    events: new Budget(1 << 20, "ENOSPC"),
  };
  inotify = new Inotify(eventPlace("inotify", 0n), 0, budgets);
});

const watch = (path: string, mask: number = ALL) => inotify.watch(tree.find(path, false).dentry.inode, mask);

/** All events: `wd event name`. */
function events(): string[] {
  const bytes = new Uint8Array(65536);
  let length = 0;
  if (inotify.poll() !== 0) length = inotify.read(bytes);
  const list: string[] = [];
  for (let at = 0; at < length; ) {
    const view = new DataView(bytes.buffer, at);
    const [wd, mask, size] = [view.getInt32(0, true), view.getUint32(4, true), view.getUint32(12, true)];
    const name = Buffer.from(bytes.subarray(at + 16, at + 16 + size))
      .toString()
      .replace(/\0+$/, "");
    const all = [...NAMES, ...MORE, "", "unmount", "overflow", "ignored"];
    const what = all.filter((_, bit) => mask & (1 << bit)).join("+") + (mask & 0x4000_0000 ? "/" : "");
    list.push([wd, what, name].filter((part) => part !== "").join(" "));
    at += 16 + size;
  }
  return list;
}

describe("a watched directory", () => {
  test("tells of what happens to the names in it", () => {
    tree.mkdir("/d");
    watch("/d");
    tree.write("/d/f", "text");
    tree.mkdir("/d/sub");
    tree.rename("/d/f", "/d/g");
    tree.unlink("/d/g");
    tree.rmdir("/d/sub");
    expect(events()).toEqual([
      "1 create f",
      "1 open f",
      "1 close_write f",
      "1 create/ sub",
      "1 moved_from f",
      "1 moved_to g",
      "1 delete g",
      "1 delete/ sub",
    ]);
  });

  test("tells where things went, with the same cookie", () => {
    tree.mkdir("/a");
    tree.mkdir("/b");
    tree.write("/a/f", "");
    for (const path of ["/a", "/b"]) watch(path, 0xc0);
    tree.rename("/a/f", "/b/f");
    const bytes = new Uint8Array(64);
    inotify.read(bytes);
    const view = new DataView(bytes.buffer);
    expect([view.getInt32(0, true), view.getInt32(32, true)]).toEqual([1, 2]);
    expect(view.getUint32(8, true)).toBe(view.getUint32(40, true));
    expect(view.getUint32(8, true)).not.toBe(0);
  });
});

describe("a watched file", () => {
  test("tells of itself, and of its end", () => {
    tree.write("/f", "x");
    watch("/f");
    tree.read("/f");
    tree.open("/f", O.TRUNC | O.WRONLY).release();
    tree.unlink("/f");
    expect(events()).toEqual([
      "1 open",
      "1 close_nowrite",
      "1 modify",
      "1 open",
      "1 close_write",
      "1 attrib",
      "1 delete_self",
      "1 ignored",
    ]);
    expect(failure(() => inotify.unwatch(1))).toBe("EINVAL");
  });

  test("tells of one event where one was asked for", () => {
    tree.write("/f", "x");
    watch("/f", 0x20 | IN.ONESHOT);
    tree.read("/f");
    tree.read("/f");
    expect(events()).toEqual(["1 open", "1 ignored"]);
  });
});

describe("watches", () => {
  test("are one for each inode, and are changed or added to", () => {
    tree.write("/f", "x");
    expect(watch("/f", 0x20)).toBe(1);
    expect(failure(() => watch("/f", 0x10 | IN.MASK_CREATE))).toBe("EEXIST");
    expect(watch("/f", 0x10 | IN.MASK_ADD)).toBe(1);
    tree.read("/f");
    expect(events()).toEqual(["1 open", "1 close_nowrite"]);
    expect(watch("/f", 0x10)).toBe(1);
    tree.read("/f");
    expect(events()).toEqual(["1 close_nowrite"]);
    inotify.unwatch(1);
    tree.read("/f");
    expect(events()).toEqual(["1 ignored"]);
    expect(failure(() => watch("/f", 1 | IN.ONLYDIR))).toBe("ENOTDIR");
    expect(tree.find("/f").dentry.inode.watchers).toBeUndefined();
  });

  test("are limited, and go with the instance", () => {
    for (let i = 0; i < 11; i++) tree.write(`/${i}`, "");
    for (let i = 0; i < 10; i++) watch(`/${i}`);
    expect(failure(() => watch("/10"))).toBe("ENOSPC");
    const second = new Inotify(eventPlace("inotify", 0n), 0, budgets);
    expect(failure(() => new Inotify(eventPlace("inotify", 0n), 0, budgets))).toBe("EMFILE");
    inotify.release();
    expect(second.watch(tree.find("/10").dentry.inode, 1)).toBe(1);
    budgets.watches.charge(9);
  });
});

describe("the queue", () => {
  test("says once that it overflowed, and goes on when it was read", () => {
    watch("/");
    for (let i = 0; i < 10_000; i++) tree.write(`/${i % 7}${"n".repeat(100)}`, "");
    const bytes = new Uint8Array(1 << 22);
    const view = new DataView(bytes.buffer);
    const length = inotify.read(bytes);
    expect([view.getInt32(length - 16, true), view.getUint32(length - 12, true)]).toEqual([
      -1,
      IN.Q_OVERFLOW,
    ]);
    tree.write("/x", "");
    expect(events()[0]).toBe("1 create x");
  });

  test("has no event twice in a row, and wants room for one at least", () => {
    tree.write("/f", "");
    watch("/f", 0x20);
    tree.read("/f");
    tree.read("/f");
    expect(failure(() => inotify.read(new Uint8Array(15)))).toBe("EINVAL");
    expect(events()).toEqual(["1 open"]);
  });
});
