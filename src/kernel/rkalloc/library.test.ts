import { describe, expect, test } from "vitest";
import type { Hart } from "../../cpu/hart.ts";
import { Arena } from "../../memory/arena.ts";
import { PhysicalMemory } from "../../memory/physical-memory.ts";
import { RefusedError } from "../../messages/errors.ts";
import { Kernel } from "../kernel.ts";
import { type Library, LinkError } from "../library.ts";
import { rkallocbuddy, rkallocbuddyWith } from "../rkallocbuddy/library.ts";
import { rkallocpool, rkallocpoolWith } from "../rkallocpool/library.ts";
import { rkallocregion } from "../rkallocregion/library.ts";
import { rkalloctlsf, rkalloctlsfWith } from "../rkalloctlsf/library.ts";
import { type Platform, rkplat } from "../rkplat/platform.ts";
import { frameAllocator } from "./frames.ts";
import { pageCacheFrames, rkalloc } from "./library.ts";
import { allocators, heapAllocator, Registry } from "./registry.ts";

function link(...libraries: Library[]) {
  const ram = new PhysicalMemory(new Arena(8 << 20), 0x8000_0000, 256 * 4096);
  const platform = { ram, codeWritten: () => {} } as unknown as Platform;
  return new Kernel({} as Hart, [...libraries, rkplat(platform), rkalloc]);
}

describe("which allocator serves what", () => {
  test("is buddy for frames and tlsf for heaps where nothing is said, and any by name", () => {
    const kernel = link(rkalloctlsf, rkallocpool, rkallocbuddy);
    expect(kernel.use(frameAllocator).totalPages).toBe(256);
    expect(kernel.use(heapAllocator).name).toBe("rkalloctlsf");
    const { kinds } = kernel.use(allocators);
    expect(kinds.default?.name).toBe("rkalloctlsf");
    expect(kinds.names().sort()).toEqual(["rkallocbuddy", "rkallocpool", "rkalloctlsf"]);
    expect(kinds.named("rkallocpool")?.name).toBe("rkallocpool");
    expect(pageCacheFrames(kernel)).toBe(kernel.use(frameAllocator));
  });

  test("is configuration", () => {
    const kernel = link(
      rkallocbuddyWith({ frames: false, heap: true }),
      rkalloctlsfWith({ frames: true, heap: false }),
    );
    expect(kernel.use(heapAllocator).name).toBe("rkallocbuddy");
    const page = kernel.use(frameAllocator).allocate(3);
    expect(page % 8).toBe(0);
    expect(kernel.use(frameAllocator).freePages).toBe(248);
  });

  test("gives the page cache memory of its own", () => {
    const kernel = link(rkallocbuddy, rkallocpoolWith({ pageCache: 100_000 }));
    const cache = pageCacheFrames(kernel);
    expect(cache.totalPages).toBe(25);
    const pages = Array.from({ length: 26 }, () => cache.allocate(0));
    expect(pages.at(-1)).toBe(-1);
    expect(new Set(pages).size).toBe(26);
    expect(() => link(rkallocbuddy, rkallocpoolWith({ pageCache: 2 ** 30 }))).toThrow(RefusedError);
  });

  test("has one provider each", () => {
    expect(() => link(rkallocbuddy, rkallocregion)).toThrow(LinkError);
    const kernel = link(rkallocregion);
    expect(kernel.use(frameAllocator).allocate(0)).toBe(0x80000);
  });
});

describe("a registry", () => {
  test("has a default, names, and no name twice", () => {
    const registry = new Registry<number>();
    expect(registry.default).toBeUndefined();
    expect(registry.register("a", 1)).toBe(true);
    expect(registry.register("b", 2)).toBe(true);
    expect(registry.register("a", 3)).toBe(false);
    expect(registry.default).toBe(1);
    expect(registry.setDefault("c")).toBe(false);
    expect(registry.setDefault("b")).toBe(true);
    expect(registry.map((n) => n * 10).default).toBe(20);
    expect(registry.remove("b")).toBe(2);
    expect(registry.default).toBe(1);
    expect(registry.remove("b")).toBeUndefined();
    expect(registry.names()).toEqual(["a"]);
    registry.remove("a");
    expect(registry.default).toBeUndefined();
  });
});
