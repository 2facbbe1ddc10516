import { md5, type RootTree } from "../../host/root-tree.ts";
import { consumeTool } from "../../host/tools.ts";
import { RefusedError } from "../../messages/errors.ts";
import { rootText } from "../../messages/root.ts";
import { field, installed, type Paragraph } from "./control.ts";
import { readTar, type TarMember, type TarSink } from "./tar.ts";

/** Unpacks one Debian package into a root, as `dpkg --unpack` does, and notes it for dpkg. Its scripts are not run. */

const INFO = "var/lib/dpkg/info";

/** Gives the package's entry for dpkg's status file. Throws `RefusedError`. */
export async function unpackPackage(root: RootTree, archive: string): Promise<Paragraph> {
  const meta = await controlFiles(archive);
  const control = meta.get("control")?.toString();
  const name = control && field(control, "Package");
  if (!name) throw new RefusedError(rootText.brokenPackage(archive));
  const conffiles = new Set(linesOf(meta.get("conffiles")).map((path) => path.replace(/^\//, "")));
  const { paths, sums } = await unpackFiles(root, archive, conffiles);
  noteInfo(root, infoName(name, control), meta, paths);
  return installed(control, sums);
}

/** dpkg names the files of a package that can be there for several architectures after one of them. */
function infoName(name: string, control: Paragraph): string {
  return field(control, "Multi-Arch") === "same" ? `${name}:${field(control, "Architecture")}` : name;
}

async function controlFiles(archive: string): Promise<Map<string, Buffer>> {
  const files = new Map<string, Buffer>();
  await consumeTool("dpkg-deb", ["--ctrl-tarfile", archive], (output) =>
    readTar(output, ({ type, path }) =>
      // They are all at the top.
      type === "file" && !path.includes("/")
        ? collector((pieces) => files.set(path, Buffer.concat(pieces)))
        : undefined,
    ),
  );
  return files;
}

/** The paths that were unpacked, and the checksums of the package's configuration files. */
async function unpackFiles(root: RootTree, archive: string, conffiles: ReadonlySet<string>) {
  const paths: string[] = [];
  const sums = new Map<string, string>();
  await consumeTool("dpkg-deb", ["--fsys-tarfile", archive], (output) =>
    readTar(output, (member) => {
      paths.push(`/${member.path || "."}`);
      if (!conffiles.has(member.path) || member.type !== "file") return place(root, member);
      return collector((pieces) => {
        sums.set(member.path, md5(pieces));
        // The user may have changed the one that is there.
        if (!root.exists(member.path))
          root.write(member.path, Buffer.concat(pieces), member.mode, member.mtime);
      });
    }),
  );
  return { paths, sums };
}

function place(root: RootTree, { type, path, target, mode, mtime }: TarMember): TarSink | undefined {
  if (type === "file") return root.newFile(path, mode, mtime);
  if (type === "directory") root.makeDirectory(path, mode);
  else if (type === "symlink") root.makeSymlink(path, target);
  else root.makeHardLink(path, target);
  return undefined;
}

function collector(done: (pieces: readonly Uint8Array[]) => void): TarSink {
  const pieces: Uint8Array[] = [];
  return { write: (piece) => pieces.push(piece.slice()), end: () => done(pieces) };
}

function noteInfo(
  root: RootTree,
  name: string,
  meta: ReadonlyMap<string, Buffer>,
  paths: readonly string[],
): void {
  root.write(`${INFO}/${name}.list`, Buffer.from(paths.map((path) => `${path}\n`).join(""), "latin1"));
  for (const [file, content] of meta)
    if (file !== "control")
      root.write(`${INFO}/${name}.${file}`, content, /(?:inst|rm|config)$/.test(file) ? 0o755 : 0o644);
}

const linesOf = (file: Buffer | undefined): string[] =>
  (file?.toString("latin1") ?? "").split("\n").filter((line) => line.startsWith("/"));
