import fc from "fast-check";
import { O } from "./flags.ts";
import { FileType } from "./inode.ts";
import type { Tree } from "./tree-fixture.ts";

/** A change to a file tree: what to do, a path, and contents or a second path. */
export type Step = [what: string, first: string, second: string];

const path = fc.constantFrom("a", "b", "d", "d/a", "d/b", "d/e", "d/e/a", "l", "d/l").map((p) => `/${p}`);
export const anyStep: fc.Arbitrary<Step> = fc.oneof(
  fc.tuple(fc.constant("write"), path, fc.string({ maxLength: 9 })),
  fc.tuple(fc.constant("append"), path, fc.string({ maxLength: 9 })),
  fc.tuple(fc.constant("mkdir"), path, fc.constant("")),
  fc.tuple(fc.constant("unlink"), path, fc.constant("")),
  fc.tuple(fc.constant("rmdir"), path, fc.constant("")),
  fc.tuple(fc.constant("rename"), path, path),
  fc.tuple(fc.constant("link"), path, path),
  fc.tuple(fc.constant("symlink"), path, fc.constantFrom("a", "d", "/d/e", "../b", "none")),
);
export function applyTo(tree: Tree, [what, first, second]: Step): void {
  if (what === "write") tree.write(first, second, O.CREAT | O.TRUNC | O.NOFOLLOW);
  else if (what === "append") tree.write(first, second, O.APPEND | O.NOFOLLOW);
  else if (what === "mkdir") tree.mkdir(first);
  else if (what === "unlink") tree.unlink(first);
  else if (what === "rmdir") tree.rmdir(first);
  else if (what === "rename") tree.rename(first, second);
  else if (what === "link") tree.link(first, second);
  else tree.symlink(second, first);
}

/** Every path below with what is there. */
export function dump(tree: Tree, path = "/"): string[] {
  return tree.list(path).flatMap((name) => {
    const full = path === "/" ? `/${name}` : `${path}/${name}`;
    const type = tree.lstat(full).mode & FileType.mask;
    if (type === FileType.directory) return [`${full}/`, ...dump(tree, full)];
    if (type === FileType.symlink) return [`${full} -> ${tree.readlink(full)}`];
    return [`${full} = ${tree.read(full)}`];
  });
}

/** Whole paths to contents; intermediate symbolic links are the one thing it walks. */
type Entry = { kind: "dir" } | { kind: "file"; data: { text: string } } | { kind: "link"; to: string };

export class Model {
  private readonly entries = new Map<string, Entry>([["", { kind: "dir" }]]);

  dump(): string[] {
    const out: string[] = [];
    for (const path of [...this.entries.keys()].filter((key) => key !== "").sort(byNames)) {
      const entry = this.entries.get(path) as Entry;
      if (entry.kind === "dir") out.push(`${path}/`);
      else out.push(entry.kind === "link" ? `${path} -> ${entry.to}` : `${path} = ${entry.data.text}`);
    }
    return out;
  }

  /** Returns the errno's name, "" for success. */
  apply([what, first, second]: Step): string {
    const at = this.locate(first);
    if (typeof at !== "string") return at.error;
    const entry = this.entries.get(at);
    switch (what) {
      case "write":
      case "append":
        if (entry?.kind === "link") return "ELOOP";
        if (entry?.kind === "dir") return "EISDIR";
        if (!entry && what === "append") return "ENOENT";
        if (!entry) this.entries.set(at, { kind: "file", data: { text: second } });
        else entry.data.text = what === "write" ? second : entry.data.text + second;
        return "";
      case "mkdir":
        if (!entry) this.entries.set(at, { kind: "dir" });
        return entry ? "EEXIST" : "";
      case "symlink":
        if (!entry) this.entries.set(at, { kind: "link", to: second });
        return entry ? "EEXIST" : "";
      case "unlink":
        if (!entry) return "ENOENT";
        if (entry.kind === "dir") return "EISDIR";
        this.entries.delete(at);
        return "";
      case "rmdir":
        if (!entry) return "ENOENT";
        if (entry.kind !== "dir") return "ENOTDIR";
        if (this.below(at).length > 0) return "ENOTEMPTY";
        this.entries.delete(at);
        return "";
    }
    if (what === "link" && !entry) return "ENOENT";
    const to = this.locate(second);
    if (typeof to !== "string") return to.error;
    const target = this.entries.get(to);
    if (what === "link") {
      if (target) return "EEXIST";
      if (entry?.kind === "dir") return "EPERM";
      this.entries.set(to, entry as Entry);
      return "";
    }
    return this.rename(at, entry, to, target);
  }

  private rename(from: string, entry: Entry | undefined, to: string, target: Entry | undefined): string {
    if (!entry) return "ENOENT";
    if (to === from) return "";
    if (to.startsWith(`${from}/`)) return "EINVAL";
    if (target && from.startsWith(`${to}/`)) return "ENOTEMPTY";
    if (target && entry.kind === "dir" && target.kind !== "dir") return "ENOTDIR";
    if (target && entry.kind !== "dir" && target.kind === "dir") return "EISDIR";
    if (target?.kind === "dir" && this.below(to).length > 0) return "ENOTEMPTY";
    // Two names of one file: rename does nothing.
    if (entry === target) return "";
    for (const path of [from, ...this.below(from)]) {
      const moved = this.entries.get(path) as Entry;
      this.entries.delete(path);
      this.entries.set(to + path.slice(from.length), moved);
    }
    return "";
  }

  private below(path: string): string[] {
    return [...this.entries.keys()].filter((key) => key.startsWith(`${path}/`));
  }

  /** The path of the last name with links on the way resolved. */
  private locate(path: string): string | { error: string } {
    let at = "";
    const rest = path.split("/").slice(1);
    for (let links = 0; rest.length > 1; ) {
      const name = rest.shift() as string;
      if (name === "..") {
        at = at.slice(0, at.lastIndexOf("/"));
        continue;
      }
      const next = this.entries.get(`${at}/${name}`);
      if (!next) return { error: "ENOENT" };
      if (next.kind === "file") return { error: "ENOTDIR" };
      if (next.kind === "dir") at += `/${name}`;
      else {
        if (++links > 40) return { error: "ELOOP" };
        if (next.to.startsWith("/")) at = "";
        rest.unshift(...next.to.split("/").filter((part) => part !== ""));
      }
    }
    return `${at}/${rest[0]}`;
  }
}

/** A directory, then what is in it. */
function byNames(a: string, b: string): number {
  const [x, y] = [a.split("/"), b.split("/")];
  for (let i = 0; i < Math.min(x.length, y.length); i++) if (x[i] !== y[i]) return x[i] < y[i] ? -1 : 1;
  return x.length - y.length;
}
