import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";

/** The kernel's modules, as the guest's `modprobe` wants them: unpacked, with modules.dep and modules.alias. */

export interface ModuleTree {
  /** The kernel's release, as `uname -r` says it: the modules lie in /lib/modules/RELEASE. */
  readonly release: string;
  /** Name inside that folder, and what it holds. */
  readonly files: ReadonlyMap<string, Uint8Array>;
}

/** Every module of the unpacked kernel package in `linux`; `scratch` is a folder to work in. */
export function moduleTree(linux: string, scratch: string): ModuleTree {
  const releases = join(linux, "usr/lib/modules");
  const [release] = readdirSync(releases);
  if (release === undefined) throw new Error(`no kernel's modules in ${releases}`);
  const archives = readdirSync(join(releases, release), { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".ko.xz"))
    .sort();
  const files = new Map<string, Uint8Array>();
  const modules = archives.map((path) => {
    const name = basename(path, ".xz");
    files.set(name, unpacked(join(releases, release, path), join(scratch, name)));
    return { name, about: information(files.get(name) ?? new Uint8Array()) };
  });
  files.set(
    "modules.dep",
    lines(modules.map(({ name, about }) => `${name}: ${dependencies(about, modules)}`)),
  );
  files.set(
    "modules.alias",
    lines(modules.flatMap(({ name, about }) => about.alias.map((alias) => `alias ${alias} ${bare(name)}`))),
  );
  return { release, files };
}

/** Decompressed here and without debugging information, which the guest would take long to unpack. */
function unpacked(archive: string, scratch: string): Uint8Array {
  writeFileSync(scratch, execFileSync("xz", ["-dc", archive], { maxBuffer: 64 << 20 }));
  execFileSync("riscv64-linux-gnu-objcopy", ["--strip-debug", scratch]);
  const content = readFileSync(scratch);
  rmSync(scratch);
  return content;
}

interface ModuleInformation {
  readonly depends: readonly string[];
  readonly alias: readonly string[];
}

/** What the section .modinfo says: "key=value" strings, each ended by a zero. */
function information(module: Uint8Array): ModuleInformation {
  const text = Buffer.from(module).toString("latin1");
  const values = (key: string) =>
    [...text.matchAll(new RegExp(`\0${key}=([^\0]*)`, "g"))].map(([, value]) => value ?? "");
  const soft = values("softdep").flatMap((value) => value.split(" ").slice(1));
  return {
    depends: [...values("depends").flatMap((value) => value.split(",")), ...soft].filter(
      (name) => name !== "",
    ),
    alias: values("alias"),
  };
}

interface NamedModule {
  readonly name: string;
  readonly about: ModuleInformation;
}

/** The files a module needs, its own dependencies' too. */
function dependencies({ depends }: ModuleInformation, modules: readonly NamedModule[]): string {
  const found = new Set<string>();
  const visit = (names: readonly string[]) => {
    for (const name of names) {
      const module = modules.find(
        ({ name: file, about }) => bare(file) === bare(name) || about.alias.includes(name),
      );
      if (module === undefined) throw new Error(`a module needs ${name}, which was not unpacked`);
      found.delete(module.name); // the deepest ones last: modprobe loads them from the end
      found.add(module.name);
      visit(module.about.depends);
    }
  };
  visit(depends);
  return [...found].join(" ");
}

/** A module's name as the kernel says it. */
function bare(file: string): string {
  return basename(file, ".ko").replaceAll("-", "_");
}

function lines(texts: readonly string[]): Uint8Array {
  return Buffer.from(texts.map((text) => `${text}\n`).join(""));
}
