import { RefusedError } from "../../messages/errors.ts";
import { rootText } from "../../messages/root.ts";
import { field, paragraphs } from "./control.ts";
import { findRoot, STATUS } from "./root-folder.ts";

export interface InstalledPackage {
  readonly package: string;
  readonly version: string;
  readonly architecture: string;
  /** Bytes, as the package says. */
  readonly size: number;
}

/** The packages of a root, by name. Throws `RefusedError` where there is no root that this command made. */
export function packagesOf(path: string): InstalledPackage[] {
  const root = findRoot(path);
  if (root === undefined) throw new RefusedError(rootText.noRoot(path));
  return paragraphs(Buffer.from(root.tree.read(STATUS) ?? []).toString())
    .map((entry) => ({
      package: field(entry, "Package") ?? "",
      version: field(entry, "Version") ?? "",
      architecture: field(entry, "Architecture") ?? "",
      size: Number(field(entry, "Installed-Size") ?? 0) * 1024,
    }))
    .sort((a, b) => (a.package < b.package ? -1 : 1));
}
