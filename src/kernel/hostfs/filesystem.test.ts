import { execFileSync } from "node:child_process";
import {
  appendFileSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { ImmediateTree } from "../../devices/virtio/p9/tree.ts";
import { grantDirectory } from "../../host/shared-directory.ts";
import { P9Client } from "../rk9p/client.ts";
import { channelToTree } from "../rkvirtio9p/device-fixture.ts";
import { O } from "../vfs/flags.ts";
import { failure, readAll, Tree } from "../vfs/tree-fixture.ts";
import { HostFilesystem } from "./filesystem.ts";

let folder: string;
let tree: Tree;
let turns: { count: number };
/** Requests of the host. */
let calls: string[];

/** A tree that notes what it is asked. */
function watched(host: ImmediateTree): ImmediateTree {
  return new Proxy(host, {
    get(target, name) {
      const value = Reflect.get(target, name, target);
      if (typeof value !== "function") return value;
      return (...args: unknown[]) => {
        calls.push(`${String(name)} ${Array.isArray(args[0]) ? args[0].join("/") : ""}`);
        return value.apply(target, args);
      };
    },
  });
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "runikraft-hostfs-"));
  turns = { count: 1 };
  calls = [];
  const client = new P9Client(channelToTree(watched(grantDirectory(folder, true)), 32));
  tree = new Tree(new HostFilesystem(client, { readOnly: false, moments: { turns, changes: 0 } }));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

test("a file that was made and cannot be looked at is not kept open", () => {
  const client = new P9Client(channelToTree(grantDirectory(folder, true), 32));
  const made = new Tree(new HostFilesystem(client, { readOnly: false, moments: { turns, changes: 0 } }));
  const create = client.create.bind(client);
  const closed = vi.spyOn(client, "clunk");
  let opened = -1;
  vi.spyOn(client, "create").mockImplementation((fid, name, mode) => {
    create(fid, name, mode);
    opened = fid;
    vi.spyOn(client, "attributes").mockReturnValue(undefined);
  });
  expect(failure(() => made.write("/f", "x"))).toBe("ENOENT");
  expect(closed).toHaveBeenCalledWith(opened);
});

const onHost = (name: string) => join(folder, name);

describe("what was seen of the host", () => {
  test("is not asked for again before the next turn, and then is", () => {
    mkdirSync(onHost("d"));
    writeFileSync(onHost("d/f"), "one");
    expect([tree.stat("/d/f").size, failure(() => tree.stat("/d/none"))]).toEqual([3, "ENOENT"]);
    calls = [];
    expect([tree.stat("/d/f").size, failure(() => tree.stat("/d/none"))]).toEqual([3, "ENOENT"]);
    expect(calls).toEqual([]);
    writeFileSync(onHost("d/f"), "three");
    writeFileSync(onHost("d/none"), "");
    turns.count++;
    expect([tree.stat("/d/f").size, tree.stat("/d/none").size]).toEqual([5, 0]);
  });

  test("is asked for again after what the guest changes", () => {
    tree.mkdir("/d");
    expect(failure(() => tree.stat("/d/f"))).toBe("ENOENT");
    const before = tree.stat("/d").nlink;
    tree.write("/d/f", "text");
    tree.mkdir("/d/sub");
    expect([tree.stat("/d/f").size, tree.stat("/d").nlink]).toEqual([4, before + 1]);
    const file = tree.open("/d/f", O.RDWR);
    const other = tree.open("/d/f");
    expect(other.attributes().size).toBe(4);
    file.truncate(2);
    expect([other.attributes().size, tree.stat("/d/f").size]).toEqual([2, 2]);
    tree.link("/d/f", "/d/g");
    expect([tree.stat("/d/f").nlink, other.attributes().nlink]).toEqual([2, 2]);
    tree.unlink("/d/g");
    expect([failure(() => tree.stat("/d/g")), tree.stat("/d/f").nlink]).toEqual(["ENOENT", 1]);
    const { inode } = tree.find("/d/sub").dentry;
    tree.rmdir("/d/sub");
    expect([inode.attributes().nlink, failure(() => tree.stat("/d/sub"))]).toEqual([0, "ENOENT"]);
    file.release();
    other.release();
  });

  test("by one mount is asked for again after a change through another one", () => {
    const moments = { turns, changes: 0 };
    const [one, two] = [1, 2].map(() => {
      const client = new P9Client(channelToTree(grantDirectory(folder, true)));
      return new Tree(new HostFilesystem(client, { readOnly: false, moments }));
    });
    expect(failure(() => two.stat("/f"))).toBe("ENOENT");
    one.write("/f", "text");
    expect(two.read("/f")).toBe("text");
    one.write("/f", "longer text");
    expect([two.stat("/f").size, two.read("/f")]).toEqual([11, "longer text"]);
  });
});

describe("an open file", () => {
  test("stays what it is: removed, renamed, replaced by the guest or by the host", () => {
    tree.write("/f", "mine");
    const file = tree.open("/f", O.RDWR);
    tree.write("/g", "other");
    tree.rename("/g", "/f");
    expect([readAll(file), file.attributes().nlink, tree.read("/f")]).toEqual(["mine", 0, "other"]);
    const second = tree.open("/f", O.RDWR);
    renameSync(onHost("f"), onHost("h"));
    writeFileSync(onHost("f"), "the host's");
    turns.count++;
    second.writeAt(Uint8Array.of(79), 0);
    expect([readFileSync(onHost("h"), "latin1"), tree.read("/f")]).toEqual(["Other", "the host's"]);
    file.setAttributes({ mode: 0o600 });
    expect(statSync(onHost("f")).mode & 0o777).not.toBe(0o600);
    file.release();
    second.release();
  });

  test("is read on with few requests, and by pieces as it is now", () => {
    const bytes = Buffer.from(Array.from({ length: 300_000 }, (_, i) => (i * 31) % 251));
    writeFileSync(onHost("f"), bytes);
    const [file, writer] = [tree.open("/f"), tree.open("/f", O.RDWR)];
    const piece = new Uint8Array(4096);
    const read: number[] = [];
    for (let count = file.read(piece); count > 0; count = file.read(piece))
      read.push(...piece.subarray(0, count));
    expect(Buffer.from(read).equals(bytes)).toBe(true);
    file.seek(0, 0);
    file.read(piece);
    file.read(piece);
    writer.writeAt(Uint8Array.of(255), 8192);
    file.read(piece);
    expect(piece[0]).toBe(255);
    appendFileSync(onHost("f"), "more");
    turns.count++;
    file.seek(300_000, 0);
    expect([file.read(piece), file.read(piece)]).toEqual([4, 0]);
    file.release();
    writer.release();
  });

  test("that was just made can be written whatever its mode, as version control does", () => {
    const file = tree.open("/object", O.CREAT | O.EXCL | O.WRONLY, 0o444);
    file.write(Uint8Array.of(65));
    file.release();
    expect([readFileSync(onHost("object"), "latin1"), statSync(onHost("object")).mode & 0o777]).toEqual([
      "A",
      0o444,
    ]);
    expect(calls.filter((call) => call.startsWith("openFile"))).toEqual([]);
  });

  test("of more than 4 GiB is written and read at its end", () => {
    const file = tree.open("/sparse", O.CREAT | O.RDWR);
    file.truncate(2 ** 33);
    file.writeAt(Uint8Array.of(7), 2 ** 33 - 1);
    const byte = new Uint8Array(2);
    expect([file.readAt(byte, 2 ** 33 - 1), byte[0], file.attributes().size]).toEqual([1, 7, 2 ** 33]);
    file.release();
  });
});

test("more files than fids are kept, and each is found again", () => {
  for (let i = 0; i < 100; i++) {
    mkdirSync(onHost(`d${i}`));
    for (let j = 0; j < 100; j++) writeFileSync(onHost(`d${i}/f${j}`), "");
  }
  const first = tree.find("/d0/f0").dentry.inode;
  for (let i = 0; i < 100; i++) for (let j = 0; j < 100; j++) tree.stat(`/d${i}/f${j}`);
  turns.count++;
  tree.write("/d0/f0", "text");
  expect(first.attributes().size).toBe(4);
  tree.rename("/d0", "/e");
  turns.count++;
  expect(first.attributes().size).toBe(4);
  unlinkSync(onHost("e/f0"));
  turns.count++;
  expect(first.attributes().nlink).toBe(0);
});

test("a large directory is listed whole, with names that are no text", () => {
  const bytes = Buffer.from([0x62, 0xff, 0xfe]);
  writeFileSync(Buffer.concat([Buffer.from(`${folder}/`), bytes]), "x");
  for (let i = 0; i < 3000; i++) symlinkSync("to", onHost(`name-${i}`));
  const names = tree.list("/");
  expect([names.length, new Set(names).size]).toEqual([3001, 3001]);
});

describe("the guest does not get out:", () => {
  test("a link that takes a directory's place while a walk stands in it leads nowhere", () => {
    const outside = mkdtempSync(join(tmpdir(), "runikraft-outside-"));
    writeFileSync(join(outside, "secret"), "secret");
    mkdirSync(onHost("d"));
    writeFileSync(onHost("d/secret"), "inside");
    tree.chdir("/d");
    expect(tree.read("secret")).toBe("inside");
    renameSync(onHost("d"), onHost("e"));
    symlinkSync(outside, onHost("d"));
    // Known and not known to be there, before the next turn and after it.
    for (const path of ["secret", "/d/secret", "/d/none"])
      expect(failure(() => tree.read(path))).not.toBe("");
    expect(failure(() => tree.write("planted", ""))).not.toBe("");
    turns.count++;
    for (const path of ["secret", "/d/secret"]) expect(failure(() => tree.read(path))).not.toBe("");
    expect(failure(() => tree.link("/e/secret", "/d/planted"))).not.toBe("");
    expect(failure(() => tree.rename("/e/secret", "/d/planted"))).not.toBe("");
    expect([readFileSync(join(outside, "secret"), "latin1"), lstatSync(outside).nlink]).toEqual([
      "secret",
      2,
    ]);
    rmSync(outside, { recursive: true });
  });

  test("fifos, sockets and devices are seen and never opened", () => {
    execFileSync("mkfifo", [onHost("fifo")]);
    for (const flags of [O.RDONLY, O.WRONLY, O.RDWR, O.RDWR | O.TRUNC])
      expect(failure(() => tree.open("/fifo", flags))).toBe("ENXIO");
    expect(failure(() => tree.mknod("/node", 0o020666))).toBe("EPERM");
    writeFileSync(onHost("plain"), "");
    const place = tree.find("/plain");
    rmSync(onHost("plain"));
    execFileSync("mkfifo", [onHost("plain")]);
    expect(failure(() => place.dentry.inode.open(place, O.RDWR))).toBe("EACCES");
  });
});
