import { describe, expect, it } from "vitest";
import { UsageError } from "../messages/errors.ts";
import {
  addressValue,
  countValue,
  envValue,
  limitValue,
  mountValue,
  seedValue,
  sizeValue,
} from "./values.ts";

const refuses = (read: (text: string) => unknown, ...texts: string[]) => {
  for (const text of texts) expect(() => read(text), JSON.stringify(text)).toThrow(UsageError);
};

describe("sizes", () => {
  const size = sizeValue("--mem", 2 ** 20, 2 ** 31);

  it("are bytes, or K, M and G of 1024, in whole pages", () => {
    expect(size("64M")).toBe(64 * 2 ** 20);
    expect(size("2G")).toBe(2 ** 31);
    expect(size("2048k")).toBe(2 ** 21);
    expect(size("1MiB")).toBe(2 ** 20);
    expect(size("1048577")).toBe(2 ** 20 + 4096);
  });

  it("that are none, or outside the bounds, are refused", () => {
    refuses(
      size,
      "",
      "M",
      "-1M",
      "1.5M",
      "64X",
      "1e9",
      " 64M",
      "0x10000000",
      "1023K",
      "3G",
      "99999999999999999999",
    );
    expect(() => size("3G")).toThrow("--mem: 3G is outside 1M to 2G");
  });
});

describe("seeds", () => {
  it("are 64 bits, decimal or hexadecimal", () => {
    expect(seedValue("--aslr-seed")("18446744073709551615")).toBe(2n ** 64n - 1n);
    expect(seedValue("--aslr-seed")("0xff")).toBe(255n);
    refuses(seedValue("--aslr-seed"), "", "-1", "18446744073709551616", "seed", "1.0");
  });
});

describe("counts and addresses", () => {
  it("are whole and positive; page-aligned", () => {
    expect(countValue("--n")("1000")).toBe(1000);
    refuses(countValue("--n"), "0", "-4", "1.5", "many", "99999999999999999");
    expect(addressValue("--base")("0x80000000")).toBe(0x8000_0000n);
    refuses(addressValue("--base"), "0x80000001", "top", "-4096");
  });
});

describe("limits", () => {
  it("are numbers by name, the last of a name", () => {
    const once = limitValue("pipeMemory=1M", limitValue("processes=5"));
    expect(once).toEqual({ processes: 5, pipeMemory: 2 ** 20 });
    expect(limitValue("processes=7", once).processes).toBe(7);
    refuses(limitValue, "", "processes", "=3", "processes=", "processes=many", "pipeMemory=x");
    expect(() => limitValue("process=3")).toThrow(
      /process=3" is not NAME=NUMBER, .* of processes, threads, /,
    );
    expect(() => limitValue("processes=40000")).toThrow("--limit processes: 40000 is outside 1 to 32768");
    expect(() => limitValue("toString=1")).toThrow(UsageError);
  });
});

describe("mounts", () => {
  it("are HOST:GUEST with an optional mode, and add up", () => {
    const first = mountValue("./data:/data");
    expect(mountValue("C:/x:/y:rw", first)).toEqual([
      { host: "./data", guest: "/data", writable: false },
      { host: "C:/x", guest: "/y", writable: true },
    ]);
    expect(mountValue("a:/b:ro")).toEqual([{ host: "a", guest: "/b", writable: false }]);
  });

  it("without both paths, or with a relative guest path, are refused", () => {
    refuses(
      (text) => mountValue(text),
      "data",
      ":/data",
      "data:",
      "data:rw",
      "data:guest",
      "data:guest:rw",
      "a:/b:rx",
    );
  });
});

describe("environment variables", () => {
  it("keep everything behind the first =", () => {
    expect(envValue("A=b=c", ["X=1"])).toEqual(["X=1", "A=b=c"]);
    expect(envValue("EMPTY=")).toEqual(["EMPTY="]);
    refuses((text) => envValue(text), "NAME", "=value", "");
  });
});
