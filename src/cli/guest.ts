import type { Command } from "commander";
import type { JitMode } from "../cpu/jit/jit.ts";
import type { ImmediateDisk } from "../devices/disk.ts";
import type { OwnLibrary } from "../host/composition.ts";
import { openImmediateDisk } from "../host/disk.ts";
import { readHostFile } from "../host/files.ts";
import { fileName, inside, isNoDirectory, seenFrom } from "../host/grants.ts";
import { nodeHost } from "../host/node.ts";
import { grantDirectory } from "../host/shared-directory.ts";
import type { KernelLimits } from "../kernel/limits.ts";
import { HEAD_SIZE, readScript } from "../kernel/posix-exec/script.ts";
import type { Filesystem } from "../kernel/vfs/filesystem.ts";
import { LoadError } from "../loader/refuse.ts";
import { createHosted } from "../machine/create-hosted.ts";
import type { HostedMachine } from "../machine/hosted.ts";
import type { HostedOptions } from "../machine/hosted-options.ts";
import type { HostedShare } from "../machine/hosted-shares.ts";
import { archiveMessages } from "../messages/archive.ts";
import { cliText } from "../messages/cli.ts";
import { RefusedError, UsageError } from "../messages/errors.ts";
import { openInitrd, readInitrd } from "./initrd.ts";
import { formatSize } from "./output.ts";
import {
  type DiskOption,
  diskValue,
  envValue,
  limitValue,
  type MountOption,
  mountValue,
  seedValue,
  sizeValue,
  wxValue,
} from "./values.ts";

/** What `run` and `step` have in common: the options that say what a guest is given, and the machine made of them. */
export interface GuestOptions {
  readonly root?: string;
  readonly initrd?: string;
  readonly mount?: readonly MountOption[];
  readonly disk?: readonly DiskOption[];
  readonly env?: readonly string[];
  readonly cwd?: string;
  readonly mem?: number;
  readonly limit?: Partial<KernelLimits>;
  readonly aslrSeed?: bigint;
  readonly aslr: boolean;
  readonly allowWx?: boolean | readonly string[];
  readonly deterministic?: boolean;
  readonly jit?: JitMode;
  /** What only a Runikraftfile says: the main thread's stack in bytes, and the libraries. */
  readonly stack?: number;
  readonly linked?: HostedOptions["linked"];
  readonly own?: readonly OwnLibrary[];
  /** The guest is run again and again from the start: its disks have to stay as they are. */
  readonly isRepeated?: boolean;
}

const DEFAULT_MEMORY = 256 << 20;
const LEAST_MEMORY = 4 << 20;
const MOST_MEMORY = 3 * 2 ** 30;
/** What every guest has in its environment, unless told otherwise. */
const ENVIRONMENT = ["PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", "HOME=/root", "USER=root"];
/** Terminal type and language: a guest draws on the user's own terminal. */
const PASSED_ON = ["TERM", "COLORTERM", "TZ"];

/** `argument`: how help writes the program, in brackets where it may be left out. */
export function guestOptions(command: Command, argument = "<ELF>"): Command {
  const memory = sizeValue("--mem", LEAST_MEMORY, MOST_MEMORY);
  return command
    .argument(argument, cliText.elfArgument())
    .argument("[args...]", cliText.guestArguments())
    .passThroughOptions()
    .option("--root <DIR>", cliText.optionRoot())
    .option("--initrd <FILE>", archiveMessages.option())
    .option("--mount <HOST:GUEST(:rw)>", cliText.optionMount(), mountValue)
    .option("--disk <FILE(:rw)>", cliText.optionDisk(), diskValue)
    .option("--env <NAME=VALUE>", cliText.optionEnv(), envValue)
    .option("--cwd <DIR>", cliText.optionCwd())
    .option("--mem <SIZE>", cliText.optionMem(formatSize(DEFAULT_MEMORY)), memory)
    .option("--limit <NAME=N>", cliText.optionLimit(), limitValue)
    .option("--aslr-seed <N>", cliText.optionAslrSeed(), seedValue("--aslr-seed"))
    .option("--no-aslr", cliText.optionNoAslr())
    .option("--allow-wx [PROGRAM]", cliText.optionAllowWx(), wxValue);
}

/** What a machine is made with beyond the options that say what its guest is given. */
export type Watching = Pick<HostedOptions, "console" | "strace">;

export interface Guest {
  /** The bytes of the ELF file. */
  readonly elf: Uint8Array;
  /** Makes the machine, up to the program's first instruction. Rejects with `RefusedError`. */
  create(watching: Watching): Promise<HostedMachine>;
}

/** Reads the program. Throws `RefusedError`. */
export function prepareGuest(file: string, args: readonly string[], options: GuestOptions): Guest {
  const { initrd } = options;
  if (initrd !== undefined && options.root !== undefined) throw new UsageError(archiveMessages.oneRoot());
  const archive = initrd === undefined ? undefined : openInitrd(initrd);
  const inArchive = archive && file.startsWith("/") ? readInitrd(archive, file) : undefined;
  const { elf, guestPath, argv } = inArchive
    ? { elf: inArchive, guestPath: file, argv: [file, ...args] }
    : findProgram(file, args, options);
  const { allowWx, aslr, cwd, deterministic, linked, mem: memory = DEFAULT_MEMORY, own, stack } = options;
  const seed = options.aslrSeed ?? (deterministic || !aslr ? 0n : randomSeed());
  return {
    elf,
    async create(watching) {
      try {
        return await createHosted({
          program: { bytes: elf, path: guestPath },
          args: argv,
          env: environment(options),
          cwd,
          memory,
          seed,
          aslr,
          allowWx,
          ...fileTree(memory, options, archive),
          deterministic,
          jit: options.jit,
          stackSize: stack,
          limits: options.limit,
          linked,
          libraries: own?.map(({ library }) => library),
          host: nodeHost,
          ...watching,
        });
      } catch (error) {
        if (error instanceof LoadError) throw asTheUserNames(error, guestPath, file);
        throw error;
      }
    },
  };
}

/** The same refusal with the name that the user knows the file by in place of the guest's. */
function asTheUserNames({ message, errno }: LoadError, guestPath: string, file: string): LoadError {
  return new LoadError(
    message.startsWith(guestPath) ? file + message.slice(guestPath.length) : message,
    errno,
  );
}

/** A file system is made anew for each machine: its changes are the machine's own, but for what is mounted to be written. */
function fileTree(
  memory: number,
  { root, mount = [], disk = [], isRepeated = false }: GuestOptions,
  archive: Filesystem | undefined,
): Required<Pick<HostedOptions, "files" | "disks" | "shares">> {
  const shares: HostedShare[] = [];
  const granted = (path: string, writable: boolean) => {
    const tag = `host${shares.length}`;
    shares.push({ tag, tree: grantDirectory(path, writable) });
    return { tag, readOnly: !writable };
  };
  const disks: ImmediateDisk[] = disk.map(({ host, writable }) =>
    openImmediateDisk(host, { readOnly: !writable || isRepeated }),
  );
  const mounts = mount.map(({ host, guest: path, writable }) => {
    if (!isNoDirectory(host)) return { path, ...granted(host, writable) };
    const readOnly = !writable || isRepeated;
    disks.push(openImmediateDisk(host, { readOnly }));
    return { path, disk: disks.length - 1, readOnly };
  });
  const base = root === undefined ? archive : granted(root, false);
  return { files: { memory, ...(base && { base }), mounts }, disks, shares };
}

/** Scripts whose interpreters are scripts are followed so far, as `execve` does. */
const MOST_SCRIPTS = 5;

/** The ELF file to run: the program itself, or what interprets it where it is a script of the guest's tree. */
function findProgram(file: string, args: readonly string[], options: GuestOptions) {
  let { hostPath, guestPath } = locate(file, options);
  let argv = [guestPath, ...args];
  for (let depth = 0; ; depth++) {
    const elf = readHostFile(hostPath);
    const script = readScript(elf.subarray(0, HEAD_SIZE));
    if (!script || options.root === undefined || depth === MOST_SCRIPTS) return { elf, guestPath, argv };
    const interpreter = new TextDecoder().decode(script.path);
    const found = inside(options.root, interpreter);
    if (found === undefined) throw new RefusedError(cliText.noInterpreter(file, interpreter));
    const argument = script.argument && new TextDecoder().decode(script.argument);
    argv = [interpreter, ...(argument === undefined ? [] : [argument]), guestPath, ...argv.slice(1)];
    hostPath = found;
    guestPath = interpreter;
  }
}

/** Where the program is on the host, and what the guest calls it. A name alone that is no file here is on the guest's PATH. */
function locate(file: string, options: GuestOptions): { hostPath: string; guestPath: string } {
  const { root, mount = [] } = options;
  const inRoot = root === undefined ? undefined : findInRoot(root, file, options);
  if (inRoot) return inRoot;
  const grants = [...mount, ...(root === undefined ? [] : [{ host: root, guest: "" }])];
  for (const { host, guest } of grants) {
    const seen = seenFrom(host, file);
    if (seen !== undefined) return { hostPath: file, guestPath: guest + seen };
  }
  return { hostPath: file, guestPath: `/bin/${fileName(file)}` };
}

function findInRoot(
  root: string,
  file: string,
  options: GuestOptions,
): { hostPath: string; guestPath: string } | undefined {
  const path = environment(options).find((variable) => variable.startsWith("PATH=")) ?? "PATH=";
  const places = path.slice("PATH=".length).split(":");
  const isName = !file.includes("/") && !isNoDirectory(file);
  const names = file.startsWith("/") ? [file] : isName ? places.map((at) => `${at}/${file}`) : [];
  for (const guestPath of names) {
    const hostPath = inside(root, guestPath);
    if (hostPath !== undefined && isNoDirectory(hostPath)) return { hostPath, guestPath };
  }
  return undefined;
}

function randomSeed(): bigint {
  const words = new BigUint64Array(1);
  nodeHost.entropy(new Uint8Array(words.buffer));
  return words[0];
}

function environment({ env = [], cwd }: GuestOptions): string[] {
  const passed = PASSED_ON.flatMap((name) => {
    const value = process.env[name];
    return value === undefined ? [] : [`${name}=${value}`];
  });
  const variables = new Map<string, string>();
  for (const variable of [...ENVIRONMENT, `PWD=${cwd ?? "/"}`, ...passed, ...env])
    variables.set(variable.slice(0, variable.indexOf("=")), variable);
  return [...variables.values()];
}
