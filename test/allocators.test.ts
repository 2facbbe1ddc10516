import { describe, expect, test } from "vitest";
import { frameAllocator } from "../src/kernel/rkalloc/frames.ts";
import { pageCacheFrames } from "../src/kernel/rkalloc/library.ts";
import { allocators, heapAllocator } from "../src/kernel/rkalloc/registry.ts";
import { rkallocpoolWith } from "../src/kernel/rkallocpool/library.ts";
import { rkallocregion } from "../src/kernel/rkallocregion/library.ts";
import { rkalloctlsf, rkalloctlsfWith } from "../src/kernel/rkalloctlsf/library.ts";
import { guest } from "../src/machine/hosted-fixture.ts";

/** Maps, writes and unmaps 64 pages 20 times; exits with 7 if a new page was not zero. */
const TOUCH_PAGES = `
_start: li s0, 20
again:  li a0, 0
        li a1, 64*4096
        li a2, 3
        li a3, 0x22
        li a4, -1
        li a5, 0
        li a7, MMAP
        ecall
        mv s1, a0
        li t0, 64
        li t1, 4096
        mv t2, s1
page:   ld a0, 0(t2)
        bnez a0, wrong
        sd t2, 0(t2)
        add t2, t2, t1
        addi t0, t0, -1
        bnez t0, page
        mv a0, s1
        li a1, 64*4096
        li a7, MUNMAP
        ecall
        addi s0, s0, -1
        bnez s0, again
        li a0, 0
        j end
wrong:  li a0, 7
end:    li a7, EXIT_GROUP
        ecall
`;

describe("a program's pages", () => {
  test.each([
    ["rkallocbuddy", []],
    ["rkallocregion", [rkallocregion]],
    ["rkallocpool", [rkallocpoolWith({ frames: true })]],
    ["rkalloctlsf", [rkalloctlsfWith({ frames: true, heap: false })]],
  ])("come from %s", async (name, libraries) => {
    const { machine } = await guest(TOUCH_PAGES, { libraries });
    const linked = machine.kernel.libraries.map((library) => library.name);
    expect(linked.filter((library) => library.startsWith("rkalloc"))).toEqual(["rkalloc", name]);
    expect(await machine.run()).toEqual({ kind: "exit", code: 0 });
  });
});

test("the page cache and heaps have allocators beside that of the frames", async () => {
  const libraries = [rkalloctlsf, rkallocpoolWith({ pageCache: 1 << 20 })];
  const { machine } = await guest(TOUCH_PAGES, { libraries });
  const { kernel } = machine;
  expect(kernel.use(heapAllocator).name).toBe("rkalloctlsf");
  expect(kernel.use(allocators).kinds.names().sort()).toEqual(["rkallocbuddy", "rkallocpool", "rkalloctlsf"]);
  const cache = pageCacheFrames(kernel);
  expect(cache.totalPages).toBe(256);
  const page = cache.allocate(0);
  const { freePages } = kernel.use(frameAllocator);
  kernel.use(frameAllocator).free(page, 0);
  expect(kernel.use(frameAllocator).freePages).toBe(freePages + 1);
  expect(cache.freePages).toBe(256);
  expect(await machine.run()).toEqual({ kind: "exit", code: 0 });
});
