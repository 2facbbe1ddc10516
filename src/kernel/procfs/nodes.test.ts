import { describe, expect, test } from "vitest";
import { RamFilesystem } from "../ramfs/filesystem.ts";
import type { Filesystem } from "../vfs/filesystem.ts";
import { O } from "../vfs/flags.ts";
import { failure, Tree } from "../vfs/tree-fixture.ts";
import { entriesOf, type ProcContext, ProcDirectory, ProcText } from "./nodes.ts";

function build() {
  const filesystem = {
    ...{ name: "proc", source: "proc", magic: 0, readOnly: false },
    use: () => ({ blockSize: 4096, blocks: 0, freeBlocks: 0, files: 0, freeFiles: 0 }),
  } as unknown as Filesystem;
  const context: ProcContext = { filesystem, bootTime: 0n };
  const kept = { text: "old\n", subject: {} };
  const tree = {
    fixed: (path: string) => new ProcText(context, path, () => "some text\n"),
    set: (path: string) =>
      new ProcText(
        context,
        path,
        () => kept.text,
        (text) => {
          kept.text = text;
        },
      ),
    about: (path: string) => new ProcDirectory(context, path, entriesOf({}), kept.subject),
  };
  Object.assign(filesystem, { root: new ProcDirectory(context, "", entriesOf(tree)) });
  const all = new Tree(new RamFilesystem({ limit: 1 << 20, now: () => 0n }));
  all.vfs.mount(filesystem, "/proc");
  return { tree: all, kept };
}

describe("a generated tree", () => {
  test("gives the text of the moment of opening, in pieces", () => {
    const { tree, kept } = build();
    const file = tree.open("/proc/set");
    kept.text = "new\n";
    const bytes = new Uint8Array(2);
    expect([file.read(bytes), file.read(bytes), file.read(bytes)]).toEqual([2, 2, 0]);
    expect(tree.read("/proc/set")).toBe("new\n");
  });

  test("hands what is written to who asked for it, and to nobody else", () => {
    const { tree, kept } = build();
    tree.open("/proc/set", O.WRONLY | O.TRUNC).write(new TextEncoder().encode("written"));
    expect(kept.text).toBe("written");
    expect(failure(() => tree.open("/proc/fixed", O.WRONLY))).toBe("EACCES");
    const file = tree.open("/proc/set", O.WRONLY);
    expect(failure(() => file.write(new Uint8Array(1 << 20)))).toBe("EINVAL");
  });

  test("finds the same inode again, and another when it is about something else", () => {
    const { tree, kept } = build();
    const first = tree.find("/proc/about").dentry.inode;
    expect(tree.find("/proc/about").dentry.inode).toBe(first);
    kept.subject = {};
    expect(tree.find("/proc/about").dentry.inode).not.toBe(first);
    expect(failure(() => tree.find("/proc/__proto__"))).toBe("ENOENT");
    expect(failure(() => tree.find("/proc/constructor"))).toBe("ENOENT");
  });
});
