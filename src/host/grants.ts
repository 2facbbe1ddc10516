import { existsSync, realpathSync, statSync } from "node:fs";
import { basename, isAbsolute, relative } from "node:path";
import { RootTree } from "./root-tree.ts";

/** Something is there, and it is no directory. */
export function isNoDirectory(path: string): boolean {
  try {
    return !statSync(path).isDirectory();
  } catch {
    return false;
  }
}

/** The host path of what `path` is for whoever has the directory `root` as `/`; `undefined` where there is nothing. */
export function inside(root: string, path: string): string | undefined {
  try {
    const found = new RootTree(root).hostPath(path);
    return existsSync(found) ? found : undefined;
  } catch {
    return undefined;
  }
}

/** The path of `file` as seen from the directory `root` as `/`; `undefined` where it is not inside. */
export function seenFrom(root: string, file: string): string | undefined {
  try {
    const path = relative(realpathSync(root), realpathSync(file));
    return path.startsWith("..") || isAbsolute(path) ? undefined : `/${path}`;
  } catch {
    return undefined;
  }
}

export const fileName = (path: string): string => basename(path);
