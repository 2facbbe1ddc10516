import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { configureRoot } from "./configure.ts";
import { makeRoot, STATUS } from "./root-folder.ts";
import { type FixtureMember, tarOf } from "./tar-fixture.ts";
import { unpackPackage } from "./unpack.ts";

/** A package is a folder with its two archives, and dpkg-deb a program that prints them. */
const folder = mkdtempSync(join(tmpdir(), "runikraft-unpack-"));
const path = process.env.PATH;

beforeAll(() => {
  const tools = join(folder, "tools");
  mkdirSync(tools);
  const program = join(tools, "dpkg-deb");
  writeFileSync(
    program,
    `#!/bin/sh\ncat "$2/\${1#--}" && exit\necho "dpkg-deb: error: $2 is bad" >&2\nexit 2\n`,
  );
  chmodSync(program, 0o755);
  process.env.PATH = [tools, path].join(delimiter);
});
afterAll(() => {
  process.env.PATH = path;
});

function packaged(name: string, meta: Record<string, string>, ...files: FixtureMember[]): string {
  const archive = mkdtempSync(join(folder, `${name}-`));
  const control = { control: `Package: ${name}\nVersion: 1\nArchitecture: riscv64\n`, ...meta };
  const members = Object.entries(control).map(([file, content]) => ({ path: `./${file}`, content }));
  writeFileSync(join(archive, "ctrl-tarfile"), tarOf(...members));
  writeFileSync(join(archive, "fsys-tarfile"), tarOf({ path: "./", type: "5", mode: 0o755 }, ...files));
  return archive;
}

const newRoot = () => {
  const place = mkdtempSync(join(folder, "root-"));
  const { tree } = makeRoot(place, "trixie");
  return { tree, text: (name: string) => readFileSync(join(place, name), "utf8"), place };
};

it("unpacks a package and notes it for dpkg", async () => {
  const { tree, text, place } = newRoot();
  const archive = packaged(
    "hello",
    { conffiles: "/etc/hello.conf\n", postinst: "#!/bin/sh\n", triggers: "" },
    { path: "./lib/", type: "5", mode: 0o755 },
    { path: "./lib/libhello.so", content: "code" },
    { path: "./etc/hello.conf", content: "theirs" },
  );
  const entry = await unpackPackage(tree, archive);
  expect(entry).toBe(
    "Package: hello\nStatus: install ok installed\nVersion: 1\nArchitecture: riscv64\n" +
      "Conffiles:\n /etc/hello.conf ce97a90ef59e9c768263754682f68bd6",
  );
  expect(readlinkSync(join(place, "lib"))).toBe("usr/lib");
  expect(text("usr/lib/libhello.so")).toBe("code");
  expect(text("var/lib/dpkg/info/hello.list")).toBe("/.\n/lib\n/lib/libhello.so\n/etc/hello.conf\n");
  expect(text("var/lib/dpkg/info/hello.postinst")).toBe("#!/bin/sh\n");
  expect(existsSync(join(place, "var/lib/dpkg/info/hello.control"))).toBe(false);
  expect(text(STATUS)).toBe("");
});

it("leaves a configuration file that is there, and names what several architectures may have", async () => {
  const { tree, text } = newRoot();
  tree.write("etc/hello.conf", "mine");
  const control = "Package: libhello\nArchitecture: riscv64\nMulti-Arch: same\n";
  const meta = { control, conffiles: "/etc/hello.conf\n" };
  await unpackPackage(tree, packaged("libhello", meta, { path: "./etc/hello.conf", content: "theirs" }));
  expect(text("etc/hello.conf")).toBe("mine");
  expect(text("var/lib/dpkg/info/libhello:riscv64.list")).toBe("/.\n/etc/hello.conf\n");
});

it("says what dpkg-deb says is wrong", async () => {
  const { tree } = newRoot();
  const missing = join(folder, "missing.deb");
  await expect(unpackPackage(tree, missing)).rejects.toThrow(`dpkg-deb failed: ${missing} is bad`);
  const empty = packaged("empty", { control: "" });
  await expect(unpackPackage(tree, empty)).rejects.toThrow(`${empty} is no Debian package`);
});

it("says which program is missing", async () => {
  const { tree } = newRoot();
  const before = process.env.PATH;
  process.env.PATH = join(folder, "nothing");
  try {
    await expect(unpackPackage(tree, "x.deb")).rejects.toThrow("the program dpkg-deb is missing");
  } finally {
    process.env.PATH = before;
  }
});

it("does what scripts would: users, alternatives, certificates", async () => {
  const { tree, text, place } = newRoot();
  const program = (name: string) => ({ path: `./usr/bin/${name}`, content: name, mode: 0o755 });
  const awk = (name: string, priority: number) =>
    `update-alternatives --install /usr/bin/awk awk /usr/bin/${name} ${priority}\n`;
  const add = async (name: string, priority: number) => {
    await unpackPackage(tree, packaged(name, { postinst: awk(name, priority) }, program(name)));
    configureRoot(tree);
  };
  tree.write("usr/share/base-passwd/passwd.master", "root:*:0:0:root:/root:/bin/bash\n");
  tree.write("usr/share/ca-certificates/mozilla/b.crt", "B\n\n");
  tree.write("usr/share/ca-certificates/mozilla/a.crt", "A");
  tree.write("usr/share/ca-certificates/mozilla/README", "no");
  await add("mawk", 5);
  expect(readlinkSync(join(place, "etc/alternatives/awk"))).toBe("/usr/bin/mawk");
  expect(readlinkSync(join(place, "usr/bin/awk"))).toBe("/etc/alternatives/awk");
  await add("gawk", 10);
  await add("original-awk", 0);
  expect(readlinkSync(join(place, "etc/alternatives/awk"))).toBe("/usr/bin/gawk");
  expect(text("etc/passwd")).toBe("root:*:0:0:root:/root:/bin/bash\n");
  expect(text("etc/ssl/certs/ca-certificates.crt")).toBe("A\nB\n");
  expect(text("etc/hosts")).toContain("127.0.0.1\tlocalhost\n");

  // What the user has changed stays.
  tree.write("etc/passwd", "mine");
  tree.makeSymlink("usr/bin/awk", "mawk");
  configureRoot(tree);
  expect(text("etc/passwd")).toBe("mine");
  expect(readlinkSync(join(place, "usr/bin/awk"))).toBe("mawk");
});
