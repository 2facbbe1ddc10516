import type { CodeModule } from "./module.ts";
import type { ScanFiles } from "./scan.ts";

/** Where the dynamic linker of Debian's riscv64 looks when nothing else is said. */
const DEFAULT = [
  "/lib/riscv64-linux-gnu",
  "/usr/lib/riscv64-linux-gnu",
  "/lib64/lp64d",
  "/usr/lib64/lp64d",
  "/lib",
  "/usr/lib",
  "/usr/local/lib",
];
const CONFIGURATION = "/etc/ld.so.conf";

/** Finds libraries as the dynamic linker does: the file's run path, then the configured folders. See ld.so(8). */
export class LibrarySearch {
  private readonly files: ScanFiles;
  private readonly folders: readonly string[];

  constructor(files: ScanFiles) {
    this.files = files;
    const text = files.read(CONFIGURATION);
    const lines = text ? new TextDecoder().decode(text).split("\n") : [];
    this.folders = [...lines.map((line) => line.trim()).filter((line) => line.startsWith("/")), ...DEFAULT];
  }

  /** The path of `library`, which `module` needs; `undefined` where it is nowhere. */
  find(library: string, { name, image }: CodeModule): string | undefined {
    if (library.includes("/")) return this.files.read(library) && library;
    const origin = name.slice(0, name.lastIndexOf("/"));
    const own = image.dynamic?.runpath?.replace(/\$(ORIGIN|\{ORIGIN\})/g, origin).split(":") ?? [];
    return [...own, ...this.folders]
      .filter((folder) => folder.startsWith("/"))
      .map((folder) => `${folder}/${library}`)
      .find((path) => this.files.read(path));
  }
}
