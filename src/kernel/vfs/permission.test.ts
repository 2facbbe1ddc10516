import { beforeEach, describe, expect, test } from "vitest";
import { RamFilesystem } from "../ramfs/filesystem.ts";
import { Capability, setOf } from "../rkprocess/capabilities.ts";
import { type Credentials, credentialsFor } from "../rkprocess/credentials.ts";
import { O } from "./flags.ts";
import { FileType } from "./inode.ts";
import { toByteString } from "./names.ts";
import * as operations from "./operations.ts";
import { loseSetId, May, mayAccess } from "./permission.ts";
import { rename } from "./rename.ts";
import { failure, Tree } from "./tree-fixture.ts";
import { type Base, find, Resolve } from "./walk.ts";

const user = credentialsFor(1000, 1000);
const other = credentialsFor(1001, 1001);
let tree: Tree;

beforeEach(() => {
  tree = new Tree(new RamFilesystem({ limit: 1 << 20, now: () => 0n }));
});

const as = (who: Credentials): Base => ({ ...tree.base, who });
const inodeAt = (path: string) => tree.find(path, false).dentry.inode;

/** A file or directory with an owner and a mode, made by the kernel itself. */
function put(path: string, mode: number, uid = 0, gid = 0): void {
  if ((mode & FileType.mask) === FileType.directory) tree.mkdir(path);
  else tree.write(path, "");
  inodeAt(path).setAttributes({ mode: mode & 0o7777, uid, gid });
}

const open = (who: Credentials, path: string, flags = 0, mode = 0o644) =>
  failure(() => operations.open(as(who), toByteString(path), flags, mode).release());
const unlink = (who: Credentials, path: string) =>
  failure(() => operations.unlink(as(who), toByteString(path)));
const move = (who: Credentials, from: string, to: string, flags = 0) =>
  failure(() => rename(as(who), toByteString(from), as(who), toByteString(to), flags));

const DIRECTORY = FileType.directory;

describe("a mode", () => {
  test.each([
    // mode, owner, group, then what user 1000 of groups 1000 and 50 may
    [0o640, 1000, 0, May.read | May.write],
    [0o077, 1000, 0, 0],
    [0o640, 0, 1000, May.read],
    [0o604, 0, 1000, 0],
    [0o070, 0, 50, 7],
    [0o604, 0, 0, May.read],
    [0o777, 0, 0, 7],
  ])("%o of user %i and group %i allows the first class that fits", (mode, uid, gid, allowed) => {
    put("/f", mode, uid, gid);
    const who = user.with({ groups: [7, 50] });
    const may = [1, 2, 4].filter((one) => mayAccess(who, inodeAt("/f"), one));
    expect(may.reduce((all, one) => all | one, 0)).toBe(allowed);
  });

  test("means little to capabilities, but what nobody may run is not run", () => {
    const reader = user.with({ effective: setOf(Capability.readFiles) });
    const all = user.with({ effective: setOf(Capability.overrideFiles) });
    put("/f", 0, 0, 0);
    put("/d", DIRECTORY, 0, 0);
    const may = (who: Credentials | undefined, path: string) =>
      [1, 2, 4].filter((one) => mayAccess(who, inodeAt(path), one));
    expect(may(reader, "/f")).toEqual([4]);
    expect(may(reader, "/d")).toEqual([1, 4]);
    expect(may(all, "/f")).toEqual([2, 4]);
    expect(may(undefined, "/f")).toEqual([2, 4]);
    expect(may(all, "/d")).toEqual([1, 2, 4]);
    inodeAt("/f").setAttributes({ mode: 0o001 });
    expect(may(all, "/f")).toEqual([1, 2, 4]);
  });
});

describe("a walk", () => {
  test("searches every directory, also for `.` and `..`", () => {
    put("/closed", DIRECTORY | 0o766);
    put("/closed/open", DIRECTORY | 0o777);
    put("/closed/open/f", 0o666);
    for (const path of ["/closed/open/f", "/closed/open", "/closed/missing", "/closed/.", "/closed/.."])
      expect(failure(() => find(as(user), path, true))).toBe("EACCES");
    expect(failure(() => find(as(user), "/closed", true))).toBe("");
    tree.chdir("/closed/open");
    expect(failure(() => find(as(user), "f", true))).toBe("");
    expect(failure(() => find(as(user), "../open/f", true))).toBe("EACCES");
  });

  test("follows others' links in shared directories only where they are the directory's owner's", () => {
    put("/tmp", DIRECTORY | 0o1777);
    put("/f", 0o644);
    for (const [name, uid] of Object.entries({ mine: 1000, theirs: 1001, roots: 0 })) {
      tree.symlink("/f", `/tmp/${name}`);
      inodeAt(`/tmp/${name}`).setAttributes({ uid });
    }
    expect(open(user, "/tmp/mine")).toBe("");
    expect(open(user, "/tmp/roots")).toBe("");
    expect(open(user, "/tmp/theirs")).toBe("EACCES");
    inodeAt("/tmp").setAttributes({ mode: 0o777 });
    expect(open(user, "/tmp/theirs")).toBe("");
  });

  test("stays where it is told to", () => {
    put("/d", DIRECTORY | 0o755);
    put("/d/e", DIRECTORY | 0o755);
    put("/d/f", 0o644);
    tree.symlink("/d/f", "/d/absolute");
    tree.symlink("../d/f", "/d/around");
    tree.symlink("e/../f", "/d/inside");
    const start = tree.find("/d");
    const from = (resolve: number, path: string) =>
      failure(() => find({ root: tree.vfs.root, start, resolve }, path, true));
    const paths = ["f", "inside", "around", "absolute", "/d/f", "e/../../d/f"];
    expect(paths.map((path) => from(Resolve.beneath, path))).toEqual([
      "",
      "",
      "EXDEV",
      "EXDEV",
      "EXDEV",
      "EXDEV",
    ]);
    expect(from(Resolve.inRoot, "/../../f")).toBe("");
    expect(from(Resolve.inRoot, "absolute")).toBe("ENOENT");
    expect(["f", "inside"].map((path) => from(Resolve.noSymlinks, path))).toEqual(["", "ELOOP"]);
    tree.vfs.mount(new RamFilesystem({ limit: 1 << 20, now: () => 0n }), "/d/e");
    expect(["f", "e", "e/.."].map((path) => from(Resolve.noOtherMounts, path))).toEqual([
      "",
      "EXDEV",
      "EXDEV",
    ]);
  });
});

describe("names", () => {
  test("come and go with write and search permission of the directory", () => {
    put("/d", DIRECTORY | 0o755);
    put("/d/f", 0o666);
    put("/w", DIRECTORY | 0o773);
    expect(open(user, "/d/new", O.CREAT)).toBe("EACCES");
    expect(open(user, "/d/f", O.CREAT | O.RDWR)).toBe("");
    expect(unlink(user, "/d/f")).toBe("EACCES");
    expect(move(user, "/d/f", "/w/f")).toBe("EACCES");
    expect(open(user, "/w/mine", O.CREAT | O.RDWR, 0o400)).toBe("");
    expect(open(user, "/w/mine", O.RDWR)).toBe("EACCES");
    expect(failure(() => operations.mkdir(as(user), "/w/dir", 0o700))).toBe("");
    expect(inodeAt("/w/dir").attributes()).toMatchObject({ uid: 1000, gid: 1000, mode: DIRECTORY | 0o700 });
    expect(move(other, "/w/dir", "/w/moved")).toBe("");
    expect(failure(() => operations.mkdir(as(user), "/w/to", 0o700))).toBe("");
    inodeAt("/w/moved").setAttributes({ mode: 0o500 });
    // Its `..` would change.
    expect(move(user, "/w/moved", "/w/to/moved")).toBe("EACCES");
    expect(unlink(user, "/w/mine")).toBe("");
  });

  test("of a sticky directory are their owners' and the directory's", () => {
    put("/tmp", DIRECTORY | 0o1777);
    put("/tmp/root", 0o644);
    put("/tmp/mine", 0o644, 1000);
    expect(unlink(user, "/tmp/root")).toBe("EPERM");
    expect(move(user, "/tmp/mine", "/tmp/root")).toBe("EPERM");
    expect(move(other, "/tmp/mine", "/tmp/x")).toBe("EPERM");
    expect(move(user, "/tmp/mine", "/tmp/x")).toBe("");
    inodeAt("/tmp").setAttributes({ uid: 1001 });
    expect(unlink(other, "/tmp/root")).toBe("");
  });

  test("for others' files are given to harmless ones alone", () => {
    put("/d", DIRECTORY | 0o777);
    const link = (path: string) =>
      failure(() => {
        operations.link(tree.find(path), as(user), "/d/l");
        tree.unlink("/d/l");
      });
    put("/readable", 0o644);
    put("/shared", 0o666);
    put("/program", 0o4777);
    put("/mine", 0o000, 1000);
    expect(["/readable", "/shared", "/program", "/mine"].map(link)).toEqual(["EPERM", "", "EPERM", ""]);
  });

  test("of devices are root's to make", () => {
    put("/d", DIRECTORY | 0o777);
    const make = (mode: number) =>
      failure(() => operations.mknod(as(user), `/d/${mode}`, { mode, rdev: 0x103 }));
    expect([FileType.fifo, FileType.character, FileType.block].map((type) => make(type | 0o600))).toEqual([
      "",
      "EPERM",
      "EPERM",
    ]);
  });
});

describe("set-id bits", () => {
  test("are lost by changes, unless they mean something else", () => {
    put("/f", 0o6777, 1000, 50);
    const changedBy = (mode: number, who: Credentials) => {
      inodeAt("/f").setAttributes({ mode });
      const file = tree.open("/f", O.RDWR);
      loseSetId(who, file);
      file.release();
      return inodeAt("/f").attributes().mode & 0o7777;
    };
    expect(changedBy(0o6777, user)).toBe(0o777);
    expect(changedBy(0o2767, user)).toBe(0o767);
    expect(changedBy(0o2767, user.with({ groups: [50] }))).toBe(0o2767);
    expect(changedBy(0o6777, user.with({ effective: setOf(Capability.setFileIds) }))).toBe(0o6777);
    expect(open(user, "/f", O.WRONLY | O.TRUNC)).toBe("");
    expect(inodeAt("/f").attributes().mode & 0o7777).toBe(0o777);
  });

  test("of a group are not made by who is not in it", () => {
    put("/d", DIRECTORY | 0o2777, 0, 50);
    expect(open(user, "/d/f", O.CREAT, 0o2775)).toBe("");
    expect(inodeAt("/d/f").attributes()).toMatchObject({ mode: FileType.regular | 0o775, gid: 50 });
    expect(open(user.with({ groups: [50] }), "/d/g", O.CREAT, 0o2775)).toBe("");
    expect(inodeAt("/d/g").attributes().mode & 0o7777).toBe(0o2775);
  });
});

test("a program that runs is not written to, nor run while it is", () => {
  put("/p", 0o711);
  const at = tree.find("/p");
  expect(failure(() => operations.openProgram(at, user).release())).toBe("");
  expect(open(user, "/p")).toBe("EACCES");
  const writer = tree.open("/p", O.WRONLY);
  expect(failure(() => operations.openProgram(at, user))).toBe("ETXTBSY");
  writer.release();
  at.dentry.inode.writers--;
  expect(failure(() => tree.open("/p", O.RDWR))).toBe("ETXTBSY");
  expect(failure(() => tree.open("/p", O.TRUNC))).toBe("ETXTBSY");
  expect(failure(() => tree.open("/p").release())).toBe("");
  inodeAt("/p").setAttributes({ mode: 0o600 });
  expect(failure(() => operations.openProgram(at, undefined))).toBe("EACCES");
});
