import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { RamFilesystem } from "../ramfs/filesystem.ts";
import { O } from "../vfs/flags.ts";
import { failure, Tree } from "../vfs/tree-fixture.ts";
import { anyStep, applyTo, dump, Model } from "../vfs/tree-model-fixture.ts";
import { OverlayFilesystem } from "./filesystem.ts";

const options = { limit: 1 << 20, now: () => 0n };

function overBase(prepare: (base: Tree) => void): { base: Tree; tree: Tree; filesystem: OverlayFilesystem } {
  const below = new RamFilesystem({ ...options, limit: 64 << 20 });
  const base = new Tree(below);
  prepare(base);
  const filesystem = new OverlayFilesystem(below, options);
  return { base, tree: new Tree(filesystem), filesystem };
}

describe("an overlay", () => {
  test("does what a plain filesystem does, and leaves its base alone", () => {
    // Names of one file in the base become files of their own above it.
    const baseStep = anyStep.filter(([what]) => what !== "link");
    fc.assert(
      fc.property(
        fc.array(baseStep, { maxLength: 20 }),
        fc.array(anyStep, { maxLength: 30 }),
        (first, then) => {
          const model = new Model();
          const { base, tree } = overBase((below) => {
            for (const step of first) {
              failure(() => applyTo(below, step));
              model.apply(step);
            }
          });
          const before = dump(base);
          expect(dump(tree)).toEqual(model.dump());
          for (const step of then)
            expect(`${step}: ${failure(() => applyTo(tree, step))}`).toBe(`${step}: ${model.apply(step)}`);
          expect(dump(tree)).toEqual(model.dump());
          expect(dump(base)).toEqual(before);
        },
      ),
      { numRuns: 400, seed: 3 },
    );
  });

  test("keeps only the pages of a big file that change", () => {
    const { base, tree, filesystem } = overBase((below) => below.write("/big", "a".repeat(8 << 20)));
    const free = filesystem.use().freeBlocks;
    const file = tree.open("/big", O.RDWR);
    file.writeAt(Uint8Array.of(98), 5_000_000);
    expect(free - filesystem.use().freeBlocks).toBeLessThanOrEqual(2);
    const bytes = new Uint8Array(3);
    file.readAt(bytes, 4_999_999);
    expect([...bytes]).toEqual([97, 98, 97]);
    file.truncate(4096);
    file.truncate(8192);
    file.readAt(bytes, 4095);
    expect([...bytes]).toEqual([97, 0, 0]);
    file.release();
    expect(base.read("/big")).toBe("a".repeat(8 << 20));
  });

  test("shows one file to all who have it open", () => {
    const { tree } = overBase((below) => below.write("/f", "old"));
    const reader = tree.open("/f");
    tree.write("/f", "new", 0);
    const bytes = new Uint8Array(3);
    reader.readAt(bytes, 0);
    expect(new TextDecoder().decode(bytes)).toBe("new");
    expect(tree.stat("/f").ino).toBe(reader.attributes().ino);
  });

  test("does not lose the target of a rename for which there is no room", () => {
    const { tree, filesystem } = overBase((below) => {
      below.write("/a", "a");
      below.write("/b", "b");
    });
    filesystem.charge(filesystem.use().freeBlocks * 4096);
    expect(failure(() => tree.rename("/a", "/b"))).toBe("ENOSPC");
    expect(tree.read("/b")).toBe("b");
  });

  test("numbers new files apart from those of the base", () => {
    const { tree } = overBase((below) => below.write("/a", ""));
    const { ino } = tree.stat("/a");
    tree.write("/b", "");
    expect(tree.stat("/b").ino).toBeGreaterThan(2 ** 48 - 1);
    tree.find("/a").dentry.inode.setAttributes({ mode: 0o600 });
    expect(tree.stat("/a").ino).toBe(ino);
  });
});
