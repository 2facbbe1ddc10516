import { AT, AT_FDCWD, baseOf, call, int, readPath } from "../posixfs/call.ts";
import type { Credentials } from "../rkprocess/credentials.ts";
import { processTable } from "../rkprocess/process-table.ts";
import { type Program, programLoader } from "../rkprocess/program-loader.ts";
import type { Thread } from "../rkprocess/thread.ts";
import { SS_DISABLE } from "../rksignal/thread-signals.ts";
import { vdsoPlace } from "../rksignal/vdso-place.ts";
import { dispatcher } from "../rksyscall/dispatcher.ts";
import { errno } from "../syscalls/errno.ts";
import { REGISTERS_SET } from "../syscalls/result.ts";
import { full, type SyscallRow } from "../syscalls/row.ts";
import type { Location } from "../vfs/dentry.ts";
import { fail } from "../vfs/error.ts";
import { pathOf } from "../vfs/mount.ts";
import { type ByteString, fromBytes, toBytes, toText } from "../vfs/names.ts";
import { openProgram } from "../vfs/operations.ts";
import { May, mayAccess } from "../vfs/permission.ts";
import type { ProcessFiles } from "../vfs/process-files.ts";
import { runningProgram } from "../vfs/running-program.ts";
import { find } from "../vfs/walk.ts";
import { identityFor } from "./credentials.ts";
import { HEAD_SIZE, readScript } from "./script.ts";
import { readStrings, stringLimit } from "./strings.ts";

/** Scripts whose interpreters are scripts: so many, then ELOOP. */
const MOST_SCRIPTS = 5;
const NAME_LENGTH = 15;

/** What is to run. */
interface Found {
  readonly location: Location;
  readonly argv: Uint8Array[];
  /** The name by which it was found: a script's interpreter gets the script's. */
  readonly path: ByteString;
}

function execve(thread: Thread, files: ProcessFiles, pathAt: number, argvAt: number, envpAt: number) {
  return execveat(thread, files, AT_FDCWD, pathAt, argvAt, envpAt, 0);
}

function execveat(
  thread: Thread,
  files: ProcessFiles,
  dirfd: number,
  pathAt: number,
  argvAt: number,
  envpAt: number,
  flags: number,
): number | Promise<number> {
  const path = readPath(thread, pathAt);
  if (path === "" && !(flags & AT.EMPTY_PATH)) fail("ENOENT");
  if (int(flags) & ~(AT.EMPTY_PATH | AT.SYMLINK_NOFOLLOW)) fail("EINVAL");
  const follow = !(flags & AT.SYMLINK_NOFOLLOW);
  const byDescriptor = path === "" && (flags & AT.EMPTY_PATH) !== 0;
  const location = byDescriptor
    ? files.fds.get(int(dirfd)).file.location
    : find(baseOf(files, dirfd, path), path, follow);
  const limit = stringLimit(thread.process);
  const argv = readStrings(thread.memory, argvAt, limit);
  // A program may rely on argv[0] (Linux since 5.18).
  if (argv.length === 0) argv.push(new Uint8Array());
  const envp = readStrings(thread.memory, envpAt, limit - sizeOf(argv));
  const relative = !path.startsWith("/") && int(dirfd) !== AT_FDCWD;
  const shown = relative ? `/dev/fd/${int(dirfd)}${byDescriptor ? "" : `/${path}`}` : path;
  if (sizeOf(argv) + sizeOf(envp) > room(thread)) fail("ENOMEM");
  const found = resolve(files, { location, argv, path: shown }, 0);
  return run(thread, files, { ...found, path: shown }, envp);
}

const sizeOf = (strings: readonly Uint8Array[]): number =>
  strings.reduce((sum, string) => sum + string.length + 1 + 8, 0);

/** Bytes that arguments and environments may still take: `/proc` shows them as they were, so they are kept. */
function room({ kernel }: Thread): number {
  const known = new Set<readonly string[]>();
  let used = 0;
  for (const { arguments: argv, environment } of kernel.use(processTable).all())
    for (const strings of [argv, environment]) {
      if (known.has(strings)) continue;
      known.add(strings);
      for (const string of strings) used += string.length + 1 + 8;
    }
  return kernel.limits.argumentMemory - used;
}

const nameOf = (path: ByteString): string =>
  toText(path.slice(path.lastIndexOf("/") + 1)).slice(0, NAME_LENGTH);

/** Follows scripts to the program that interprets them. */
function resolve(files: ProcessFiles, found: Found, depth: number): Found {
  const { location, argv, path } = found;
  const file = openProgram(location, files.who);
  const head = new Uint8Array(HEAD_SIZE);
  const length = file.readAt(head, 0);
  file.release();
  const script = readScript(head.subarray(0, length));
  if (!script) return found;
  if (depth === MOST_SCRIPTS) fail("ELOOP");
  const interpreter = fromBytes(script.path);
  return resolve(
    files,
    {
      location: find(files.base(), interpreter, true),
      argv: [script.path, ...(script.argument ? [script.argument] : []), toBytes(path), ...argv.slice(1)],
      path: interpreter,
    },
    depth + 1,
  );
}

/** Loads the program, and makes it the process's. Until it is loaded the process is as it was. */
function run(
  thread: Thread,
  files: ProcessFiles,
  { location, argv, path }: Found,
  envp: Uint8Array[],
): number | Promise<number> {
  const { process } = thread;
  const file = openProgram(location, files.who);
  const { credentials, isSecure } = identityFor(process, location);
  const executable = toText(pathOf(location, files.root) ?? path);
  const become = (program: Program | number): number => {
    file.release();
    if (typeof program === "number") return program;
    if (thread.state === "dead") {
      program.memory.release();
      return -errno.EINTR;
    }
    process.control.dumpable = isLookedInto(credentials, location);
    process.become(credentials);
    process.get(runningProgram).location = location;
    const name = nameOf(path);
    Object.assign(process, { name, executable, arguments: argv.map(text), environment: envp.map(text) });
    replace(thread, program);
    return REGISTERS_SET;
  };
  const request = { file, name: executable, path: toBytes(path), argv, envp, process, credentials, isSecure };
  const program = thread.kernel.use(programLoader).load(request);
  return program instanceof Promise ? program.then(become) : become(program);
}

const text = (bytes: Uint8Array): string => toText(fromBytes(bytes));

/** Others of the user may look into a program that runs as who started it, if they may read it at all. */
function isLookedInto(credentials: Credentials, { dentry }: Location): boolean {
  const { uid, euid, gid, egid } = credentials;
  return uid === euid && gid === egid && mayAccess(credentials, dentry.inode, May.read);
}

/** The point of no return: other threads, handlers and memory go (execve(2), "Effect on process attributes"). */
function replace(thread: Thread, { memory, entry, stackPointer, sigreturn, vvar }: Program): void {
  const { process } = thread;
  const { kernel } = thread;
  kernel.use(processTable).exitOthers(thread);
  thread.name = process.name;
  thread.clearTidAddress = 0;
  thread.robustList = 0;
  thread.restartable = undefined;
  thread.signals.alternateStack = { base: 0, size: 0, flags: SS_DISABLE };
  process.resetStates();
  process.replaceMemory(memory);
  Object.assign(process.get(vdsoPlace), { sigreturn, vvar });
  process.hasExecuted = true;
  process.ended.wake();
  kernel.use(dispatcher).begin(thread, entry, stackPointer);
}

export const execCalls: readonly SyscallRow[] = [
  full("execve", call(execve)),
  full("execveat", call(execveat)),
];
