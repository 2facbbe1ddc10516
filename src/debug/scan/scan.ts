import { syscallName } from "../../kernel/syscalls/table.ts";
import { LoadError } from "../../loader/refuse.ts";
import { scanText } from "../../messages/scan.ts";
import { findCalls, type Undecided } from "./calls.ts";
import { type CodeModule, readModule } from "./module.ts";
import { Reach } from "./reach.ts";
import { LibrarySearch } from "./search.ts";

/** How the files of the guest's tree are read. */
export interface ScanFiles {
  /** The bytes of a file by its absolute path in the guest's tree; `undefined` where there is none. */
  read(path: string): Uint8Array | undefined;
}

/** What is to be scanned: paths in the guest's tree. */
export interface ScanRequest {
  readonly program: { readonly path: string; readonly bytes: Uint8Array };
  /** Libraries that the program opens while it runs. */
  readonly opened?: readonly string[];
}

/** The system calls that a program can make. */
export interface ScanResult {
  /** The program, its dynamic linker and its libraries. */
  readonly files: readonly ScannedFile[];
  /** By number. The code of other programs, which it may execute, is not looked at. */
  readonly syscalls: readonly FoundSyscall[];
  /** Places whose system call is not known. Where there are any, the program may make others. */
  readonly undecided: readonly UndecidedSyscall[];
  /** Libraries that were not found. */
  readonly missing: readonly { readonly file: string; readonly library: string }[];
  /** Files that open libraries while they run: what those do is not in the list unless they were named. */
  readonly openers: readonly string[];
}

export interface ScannedFile {
  readonly file: string;
  /** Functions that the program can come to, and all there are. */
  readonly reached: number;
  readonly functions: number;
}

export interface FoundSyscall {
  readonly number: number;
  readonly name: string;
  /** A function or two that make it: `write (libc.so.6)`. */
  readonly by: readonly string[];
}

export interface UndecidedSyscall {
  readonly file: string;
  readonly address: number;
  readonly symbol: string | undefined;
  readonly why: string;
}

/** How many functions are named beside a call. */
const SHOWN = 3;
/** Signals come back through a page of the kernel's own. */
const RT_SIGRETURN = 139;
/**
 * What the vDSO calls where it cannot answer by itself. Only programs that have `clock_gettime` too know how to use it.
 */
const CLOCK_GETTIME = 113;
const VDSO_CALLS = [114, 168, 169];

/** Reads a program and all libraries it is linked with. Rejects with `LoadError` for a file that is no program or library. */
export async function scanProgram(request: ScanRequest, files: ScanFiles): Promise<ScanResult> {
  const { path, bytes } = request.program;
  const program = await readModule(bytes, path);
  const search = new LibrarySearch(files);
  const modules = [program];
  const missing: { file: string; library: string }[] = [];
  const add = async (file: string) => {
    const loaded = modules.find(({ name }) => name === file);
    if (loaded) return loaded;
    const found = files.read(file);
    if (!found) throw new LoadError(scanText.noFile(file));
    const module = await readModule(found, file);
    modules.push(module);
    return module;
  };
  const opened = new Set<CodeModule>();
  const { interpreter } = program.image;
  const addNeeded = async (from: number) => {
    for (let i = from; i < modules.length; i++)
      for (const library of modules[i].image.dynamic?.needed ?? []) {
        if (modules.some((one) => isCalled(one, library))) continue;
        const file = search.find(library, modules[i]);
        if (file === undefined) missing.push({ file: modules[i].name, library });
        else await add(file);
      }
  };
  await addNeeded(0);
  if (interpreter !== undefined && !modules.some((one) => isCalled(one, baseName(interpreter)))) {
    if (files.read(interpreter)) await add(interpreter);
    else missing.push({ file: path, library: interpreter });
  }
  for (const file of request.opened ?? []) {
    const from = modules.length;
    opened.add(await add(file));
    await addNeeded(from);
  }
  return report(modules, new Reach(modules, opened), missing);
}

const baseName = (path: string) => path.slice(path.lastIndexOf("/") + 1);

function isCalled({ name, image }: CodeModule, library: string): boolean {
  return image.dynamic?.soname === library || baseName(name) === library;
}

function report(modules: readonly CodeModule[], reach: Reach, missing: ScanResult["missing"]): ScanResult {
  const { calls, undecided } = findCalls(reach);
  for (const number of [RT_SIGRETURN, ...(calls.has(CLOCK_GETTIME) ? VDSO_CALLS : [])])
    if (!calls.has(number)) calls.set(number, new Set());
  const reached = new Map<CodeModule, number>();
  for (const unit of reach.units.keys()) reached.set(unit.module, (reached.get(unit.module) ?? 0) + 1);
  const describe = (module: CodeModule, address: number) => module.symbols.describe(address);
  return {
    files: modules.map((module) => ({
      file: module.name,
      reached: reached.get(module) ?? 0,
      functions: module.units.length,
    })),
    syscalls: [...calls]
      .sort(([a], [b]) => a - b)
      .map(([number, units]) => ({
        number,
        name: syscallName(number),
        by: [...units].slice(0, SHOWN).map(({ module, start }) => {
          const symbol = describe(module, start);
          return `${symbol ?? `0x${start.toString(16)}`} (${baseName(module.name)})`;
        }),
      })),
    undecided: undecided.map(({ unit, address, why }: Undecided) => ({
      file: unit.module.name,
      address,
      symbol: describe(unit.module, address),
      why,
    })),
    missing,
    openers: [...reach.openers].map(({ name }) => name),
  };
}
