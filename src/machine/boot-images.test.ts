import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { assemble } from "../isa/assembler/assemble.ts";
import { linkElf } from "../isa/assembler/elf.ts";
import { Arena } from "../memory/arena.ts";
import { PhysicalMemory } from "../memory/physical-memory.ts";
import { RefusedError, UsageError } from "../messages/errors.ts";
import { SeededRandom } from "../random/seeded-random.ts";
import { type BootFiles, type Chosen, placeBootFiles } from "./boot-images.ts";
import { FIRMWARE_MEMORY } from "./firmware.ts";
import { MAGIC } from "./save-file.ts";

const BASE = 0x8000_0000;
const KERNEL = 0x8020_0000;
const TREE = Uint8Array.from({ length: 100 }, (_, i) => i + 1);
const MIB = 1 << 20;

const file = (name: string, bytes: Uint8Array | readonly number[]) => ({
  name,
  bytes: Uint8Array.from(bytes),
});
const raw = file("raw", [0x13, 0, 0, 0, 0x6f, 0, 0, 0]);
const elf = (text: string, base: number) => linkElf(assemble(text), { base: BigInt(base) });

/** A Linux Image: header and a few bytes. */
function linux({ textOffset = 0x20_0000n, imageSize = 0x1000n, flags = 0n } = {}): Uint8Array {
  const bytes = new Uint8Array(256).fill(0x5a);
  const view = new DataView(bytes.buffer);
  bytes.set([0x4d, 0x5a]);
  view.setBigUint64(8, textOffset, true);
  view.setBigUint64(16, imageSize, true);
  view.setBigUint64(24, flags, true);
  bytes.set(new TextEncoder().encode("RISCV\0\0\0RSC\x05"), 48);
  return bytes;
}

async function place(files: BootFiles, memory = 64 * MIB) {
  const ram = new PhysicalMemory(new Arena(), BASE, memory);
  let chosen: Chosen = {};
  const entry = await placeBootFiles(ram, files, (what) => {
    chosen = what;
    return TREE;
  });
  const info = Array.from({ length: 6 }, (_, i) => Number(ram.readU64(entry.dynamicInfo + i * 8)));
  return { ram, entry, chosen, next: info[2], info };
}
const refusal = (files: BootFiles, memory?: number) =>
  place(files, memory).then(
    () => undefined,
    (error: unknown) => error,
  );
const message = async (files: BootFiles, memory?: number) => {
  const error = await refusal(files, memory);
  expect(error).toBeInstanceOf(RefusedError);
  const { message: text } = error as Error;
  expect(text).not.toContain("\n");
  return text;
};

describe("a kernel above the built-in firmware", () => {
  test("that is raw code stands 2 MiB into RAM", async () => {
    const { ram, entry, next } = await place({ bios: "builtin", kernel: raw });
    expect(entry.pc).toBe(BASE);
    expect(next).toBe(KERNEL);
    expect(ram.read(KERNEL, raw.bytes.length)).toEqual(raw.bytes);
    expect(ram.readU32(BASE)).not.toBe(0);
  });

  test("that is Linux stands where its header says, behind the firmware", async () => {
    for (const [textOffset, address] of [
      [0x20_0000n, KERNEL],
      [0x40_0000n, BASE + 4 * MIB],
      [0n, KERNEL],
    ] as const) {
      const bytes = linux({ textOffset });
      const { ram, next } = await place({ bios: "builtin", kernel: file("Image", bytes) });
      expect(next).toBe(address);
      expect(ram.read(address, bytes.length)).toEqual(bytes);
    }
  });

  test("that is packed with gzip is unpacked", async () => {
    const bytes = linux();
    const { ram } = await place({ bios: "builtin", kernel: file("vmlinuz", gzipSync(bytes)) });
    expect(ram.read(KERNEL, bytes.length)).toEqual(bytes);
  });

  test("that is ELF stands where it is linked", async () => {
    const bytes = elf("nop\n.globl _start\n_start: nop\n.data\n.dword 7", BASE + 6 * MIB);
    const { ram, next, entry } = await place({ bios: "builtin", kernel: file("k.elf", bytes) });
    expect(next).toBe(BASE + 6 * MIB + 4);
    expect(ram.readU64(BASE + 6 * MIB + 4096)).toBe(7n);
    expect(entry.hostTarget).toBeUndefined();
  });

  test("gets its command line, and the firmware's memory is reserved", async () => {
    const { chosen } = await place({ bios: "builtin", kernel: raw, append: "console=ttyS0" });
    expect(chosen).toEqual({ bootargs: "console=ttyS0", reserved: FIRMWARE_MEMORY });
  });
});

describe("places", () => {
  test("the device tree is at the end of RAM, with the information for firmware behind it", async () => {
    const { ram, entry, info } = await place({ bios: "builtin", kernel: raw });
    expect(entry.deviceTree).toBe(BASE + 62 * MIB);
    expect(ram.read(entry.deviceTree, TREE.length)).toEqual(TREE);
    expect(info).toEqual([0x4942534f, 2, KERNEL, 1, 0, 0]);
    expect(entry.dynamicInfo % 8).toBe(0);
    expect((await place({ bios: "builtin", kernel: raw }, 3072 * MIB)).entry.deviceTree).toBe(
      0xc000_0000 - 2 * MIB,
    );
  });

  test("a little RAM has room for it, too", async () => {
    const { entry } = await place({ bios: "none", kernel: raw }, MIB);
    expect(entry.deviceTree).toBeGreaterThan(BASE + MIB - 4096);
    expect(entry.deviceTree % 8).toBe(0);
  });

  test.each([
    [64, 32],
    [512, 128],
  ])("in %i MiB the initial file system is %i MiB behind the kernel", async (memory, distance) => {
    const initrd = file("initrd", [1, 2, 3]);
    const { ram, chosen } = await place({ bios: "builtin", kernel: raw, initrd }, memory * MIB);
    const start = KERNEL + distance * MIB;
    expect(chosen.initrd).toEqual({ start, end: start + 3 });
    expect(ram.read(start, 3)).toEqual(initrd.bytes);
  });

  test("or behind all of a larger kernel", async () => {
    const kernel = file("Image", linux({ imageSize: BigInt(40 * MIB + 5) }));
    const { chosen } = await place({ bios: "builtin", kernel, initrd: file("initrd", [1]) });
    expect(chosen.initrd?.start).toBe(KERNEL + 40 * MIB + 4096);
  });
});

describe("without firmware", () => {
  test("ELF starts at its entry, raw code at the start of RAM", async () => {
    const bytes = elf(".globl _start, tohost\nnop\n_start: nop\n.data\ntohost: .dword 0", BASE);
    const { entry, chosen } = await place({ bios: "none", kernel: file("t.elf", bytes) });
    expect(entry.pc).toBe(BASE + 4);
    expect(entry.hostTarget).toEqual({ tohost: BASE + 4096, fromhost: undefined });
    expect(chosen).toEqual({});
    expect((await place({ bios: "none", kernel: raw })).entry.pc).toBe(BASE);
  });

  test("Linux is refused", async () => {
    expect(await message({ bios: "none", kernel: file("Image", linux()) })).toMatch(/^Image: .*firmware/);
  });
});

describe("firmware from a file", () => {
  test("is raw code at the start of RAM, or ELF; it needs no kernel", async () => {
    expect((await place({ bios: raw })).entry.pc).toBe(BASE);
    expect((await place({ bios: raw })).next).toBe(0);
    const bytes = elf("nop\n.globl _start\n_start: nop", BASE + MIB);
    const { entry, next, chosen } = await place({ bios: file("fw", bytes), kernel: raw });
    expect([entry.pc, next]).toEqual([BASE + MIB + 4, KERNEL]);
    expect(chosen.reserved).toBeUndefined();
  });

  test("that reaches into the kernel is refused", async () => {
    const text = await message({ bios: file("fw.bin", new Uint8Array(3 * MIB).fill(1)), kernel: raw });
    expect(text).toBe("raw: 0x80200000-0x80200008 overlaps fw.bin (0x80000000-0x80300000)");
  });
});

describe("refused", () => {
  test("nothing to start", async () => {
    for (const bios of ["builtin", "none"] as const)
      expect(await refusal({ bios })).toBeInstanceOf(UsageError);
  });

  test.each<[string, BootFiles, RegExp]>([
    ["an empty file", { bios: "builtin", kernel: file("k", []) }, /^k: .*empty/],
    [
      "a kernel in the firmware's place",
      { bios: "builtin", kernel: file("k", elf("nop", BASE)) },
      /^k: 0x80000000-0x80000004 overlaps .*0x80020000.*--bios none/,
    ],
    [
      "a kernel larger than RAM",
      { bios: "builtin", kernel: file("k", linux({ imageSize: BigInt(64 * MIB) })) },
      /^k: 0x80200000-0x84200000 .*RAM \(0x80000000-0x84000000\)/,
    ],
    [
      "a kernel over the device tree",
      { bios: "builtin", kernel: file("k", linux({ imageSize: BigInt(61 * MIB) })) },
      /device tree: 0x83e00000-.* overlaps k /,
    ],
    [
      "an initial file system larger than what is left",
      { bios: "builtin", kernel: raw, initrd: file("i", new Uint8Array(33 * MIB)) },
      /^i: 0x82200000-0x84300000 .*RAM/,
    ],
    ["a big-endian kernel", { bios: "builtin", kernel: file("k", linux({ flags: 1n })) }, /big-endian/],
    [
      "an ELF behind RAM",
      { bios: "builtin", kernel: file("k", elf("nop", 0x9000_0000)) },
      /^k: segment 0 \(0x90000000-0x90000004\).*RAM/,
    ],
    [
      "a Linux program",
      { bios: "builtin", kernel: file("k", elf("nop", 0x1_0000)) },
      /^k: segment 0 .*RAM.*runikraft run/,
    ],
    ["damaged gzip", { bios: "builtin", kernel: file("k", [0x1f, 0x8b, 8, 0, 1, 2, 3]) }, /^k: .*gzip/],
    [
      "gzip that grows larger than RAM",
      { bios: "builtin", kernel: file("k", gzipSync(new Uint8Array(65 * MIB))) },
      /^k: .*larger than RAM/,
    ],
    ["an EFI program", { bios: "builtin", kernel: file("k", [0x4d, 0x5a, 1, 2]) }, /^k: .*EFI/],
    ["a disk image", { bios: "builtin", kernel: file("k", [0x51, 0x46, 0x49, 0xfb, 3]) }, /^k: .*--drive/],
    ["a saved machine", { bios: "none", kernel: file("k", [...MAGIC, 1]) }, /^k: .*--load/],
  ])("%s", async (_, files, pattern) => {
    expect(await message(files)).toMatch(pattern);
  });

  test("a program that asks for a dynamic linker", async () => {
    const bytes = elf("nop\n.data\n.dword 1", KERNEL);
    new DataView(bytes.buffer).setUint32(64 + 56, 3, true);
    expect(await message({ bios: "builtin", kernel: file("k", bytes) })).toMatch(
      /dynamic linker.*runikraft run/,
    );
  });

  test("a compressed EFI image, with the command that unpacks it", async () => {
    const bytes = new Uint8Array(128);
    bytes.set(new TextEncoder().encode("MZ\0\0zimg"));
    new DataView(bytes.buffer).setUint32(8, 0x5000, true);
    new DataView(bytes.buffer).setUint32(12, 1234, true);
    bytes.set(new TextEncoder().encode("gzip\0"), 24);
    const kernel = file("vmlinuz", bytes);
    expect(await message({ bios: "builtin", kernel })).toContain(
      "tail -c +20481 vmlinuz | head -c 1234 | gzip -dc > Image",
    );
    bytes.set(new TextEncoder().encode("\u001b[31m"), 24);
    expect(await message({ bios: "builtin", kernel: file("k", bytes) })).not.toContain("\u001b");
  });
});

test("damaged files load or are refused", async () => {
  const random = new SeededRandom(7n);
  const number = (below: number) => random.u32() % below;
  const images = [
    linux(),
    elf(".globl tohost\nnop\nnop\n.data\ntohost: .dword 1\n.bss\n.space 9000", KERNEL),
    gzipSync(linux()),
  ];
  const counts = { loaded: 0, refused: 0 };
  for (let i = 0; i < 1500; i++) {
    let bytes = Uint8Array.from(images[i % images.length]);
    for (let k = number(4) + 1; k > 0; k--) {
      const at = number(number(2) === 0 ? Math.min(bytes.length, 256) : bytes.length);
      if (number(3) === 0) bytes.fill([0, 0xff, 0x7f, 0x80][number(4)], at, at + 8);
      else bytes[at] = number(256);
    }
    if (number(5) === 0) bytes = bytes.slice(0, number(bytes.length + 1));
    const error = await refusal(
      { bios: i % 2 === 0 ? "builtin" : "none", kernel: file("fuzz", bytes) },
      16 * MIB,
    );
    if (error === undefined) counts.loaded++;
    else if (error instanceof RefusedError) counts.refused++;
    else throw error;
  }
  expect(counts.loaded).toBeGreaterThan(300);
  expect(counts.refused).toBeGreaterThan(300);
});
