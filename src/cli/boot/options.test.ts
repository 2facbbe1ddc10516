import { Command } from "commander";
import { describe, expect, it } from "vitest";
import { type BootOptions, bootOptions, checkedOptions } from "./options.ts";

/** The options that a command line comes to. */
function read(...args: string[]): BootOptions {
  let result: BootOptions | undefined;
  const command = bootOptions(new Command("boot").exitOverride());
  command.configureOutput({ outputError: () => {} });
  command.action((image: string | undefined, options: BootOptions) => {
    result = checkedOptions(image, options);
  });
  command.parse(args, { from: "user" });
  return result as BootOptions;
}

describe("boot's options", () => {
  it("take an image alone as the kernel", () => {
    expect(read("Image")).toEqual({ kernel: "Image" });
  });

  it("read sizes, numbers and what is repeated", () => {
    const options = read(
      ...["--kernel", "k", "-m", "512M", "--smp", "8", "--virtio-version", "1", "--max-instructions", "7"],
      ...["--drive", "a,b.img", "--drive", "c.img,readonly", "--drive", "d.img,snapshot,readonly"],
      ...["--share", "/srv/a:b:data", "--share", "/home:home:rw"],
      ...["--device", "virtio-gpu", "--device", "virtio-tablet"],
      ...["--deterministic", "--seed", "0x10", "--save", "s"],
    );
    expect(options).toMatchObject({ memory: 512 << 20, smp: 8, virtioVersion: 1, maxInstructions: 7 });
    expect(options.drive).toEqual([
      { file: "a,b.img", readOnly: false, snapshot: false },
      { file: "c.img", readOnly: true, snapshot: false },
      { file: "d.img", readOnly: true, snapshot: true },
    ]);
    expect(options.share).toEqual([
      { directory: "/srv/a:b", tag: "data", writable: false },
      { directory: "/home", tag: "home", writable: true },
    ]);
    expect(options.device).toEqual([{ name: "virtio-gpu" }, { name: "virtio-tablet" }]);
    expect(options.seed).toBe(16n);
  });

  it("let sockets lead to the guest's vsock", () => {
    expect(read("k", "--device", "virtio-vsock,path=/tmp/a,b").device).toEqual([
      { name: "virtio-vsock", path: "/tmp/a,b" },
    ]);
  });

  it("let a network be used freely, narrowed, or not at all", () => {
    const user = ["--kernel", "k", "--net", "user"];
    expect(read(...user).netAllow).toBeUndefined();
    expect(read(...user, "--net-allow", "none").netAllow).toEqual([]);
    expect(read(...user, "--net-allow", "*:80", "--net-allow", "udp:*:53").netAllow).toHaveLength(2);
    expect(read(...user, "--hostfwd", "tcp:127.0.0.1:8080-:80").hostfwd).toMatchObject([
      { hostPort: 8080, guestPort: 80 },
    ]);
  });

  it("take a plain number of -m for MiB, as QEMU does", () => {
    expect(read("k", "-m", "256").memory).toBe(256 << 20);
    expect(read("k", "-m", "1048576K").memory).toBe(2 ** 30);
  });

  it("describe a machine without anything to boot only for its device tree", () => {
    expect(read("--dump-dtb", "x.dtb")).toEqual({ dumpDtb: "x.dtb" });
    expect(read("--bios", "fw.elf")).toEqual({ bios: "fw.elf" });
  });

  it("connect a loaded machine", () => {
    const given = ["--load", "s", "--drive", "d", "--net", "user", "--device", "virtio-vsock,path=p"];
    expect(read(...given, "--save", "s2", "--max-instructions", "1").load).toBe("s");
  });

  const kernel = ["--kernel", "k"];
  const wrong: readonly (readonly [string, readonly string[], RegExp])[] = [
    ["nothing to boot", [], /--bios builtin has nothing to start/],
    ["no firmware and nothing to boot", ["--bios", "none"], /--bios none has nothing to start/],
    ["two kernels", ["a", "--kernel", "b"], /IMAGE and --kernel/],
    ["initrd without kernel", ["--bios", "f", "--initrd", "i"], /--initrd needs --kernel/],
    ["append without kernel", ["--bios", "f", "--append", "a"], /--append needs --kernel/],
    ["no harts", [...kernel, "--smp", "0"], /--smp: "0"/],
    ["nine harts", [...kernel, "--smp", "9"], /--smp: "9" is not a number of harts from 1 to 8/],
    ["memory that is none", [...kernel, "-m", "many"], /-m: "many"/],
    ["memory beyond the most", [...kernel, "-m", "4G"], /-m: 4G is outside 1M to 3G/],
    ["a drive without a file", [...kernel, "--drive", ",readonly"], /--drive: ",readonly" names no file/],
    ["a network that is none", [...kernel, "--net", "tap"], /--net: "tap" is neither none nor user/],
    ["forwarding without a network", [...kernel, "--hostfwd", "tcp::1-:2"], /--hostfwd needs --net user/],
    ["a permission without a network", [...kernel, "--net-allow", "*"], /--net-allow needs --net user/],
    ["a capture without a network", [...kernel, "--pcap", "f"], /--pcap needs --net user/],
    ["a forwarding that is none", [...kernel, "--net", "user", "--hostfwd", "80"], /port forwarding 80/],
    ["a permission that is none", [...kernel, "--net", "user", "--net-allow", ""], /network permission/],
    ["a share without a tag", [...kernel, "--share", "/srv"], /--share: "\/srv" is not DIR:TAG/],
    ["a tag called rw", [...kernel, "--share", "/srv:rw"], /--share: "\/srv:rw" is not DIR:TAG/],
    ["a long tag", [...kernel, "--share", `/srv:${"é".repeat(16)}`], /is longer than 31 bytes/],
    ["a tag twice", [...kernel, "--share", "a:t", "--share", "b:t"], /the tag "t" is given twice/],
    ["an unknown device", [...kernel, "--device", "e1000"], /there is no device "e1000"/],
    ["a device twice", [...kernel, "--device", "virtio-gpu", "--device", "virtio-gpu"], /is given twice/],
    ["a property of another", [...kernel, "--device", "virtio-gpu,path=x"], /the only property is path=/],
    ["an empty path", [...kernel, "--device", "virtio-vsock,path="], /the only property is path=/],
    ["a version that is none", [...kernel, "--virtio-version", "3"], /"3" is neither 1 nor 2/],
    [
      "packed rings of version 1",
      [...kernel, "--virtio-version", "1", "--virtio-packed"],
      /does not go with/,
    ],
    ["a seed without effect", [...kernel, "--seed", "1"], /--seed needs --deterministic/],
    ["a seed that is none", [...kernel, "--deterministic", "--seed", "-1"], /--seed: "-1"/],
    ["chance from the network", [...kernel, "--deterministic", "--net", "user"], /--net user: what comes/],
    [
      "chance from sockets",
      [...kernel, "--deterministic", "--device", "virtio-vsock,path=p"],
      /--deterministic does not go with --device virtio-vsock,path/,
    ],
    ["a tree to dump and a machine to save", ["--dump-dtb", "d", "--save", "s"], /--dump-dtb does not go/],
    ["an image to load into", ["--load", "s", "image"], /IMAGE does not go with --load/],
    ...[
      ["--bios", "none"],
      ["--kernel", "k"],
      ["--initrd", "i"],
      ["--append", "a"],
      ["-m", "64M"],
      ["--smp", "2"],
      ["--virtio-version", "2"],
      ["--virtio-packed"],
      ["--nodefaults"],
      ["--deterministic"],
      ["--dump-dtb", "d"],
      ["--device", "virtio-gpu"],
    ].map(
      (flag) =>
        [
          `${flag[0]} with --load`,
          ["--load", "s", ...flag],
          /does not go with --load: it comes from/,
        ] as const,
    ),
  ];
  for (const [what, args, message] of wrong)
    it(`refuse ${what}`, () => {
      expect(() => read(...args)).toThrow(message);
      expect(() => read(...args)).toThrow(expect.objectContaining({ exitCode: 2 }));
    });
});
