import { type Api, api } from "../library.ts";
import type { AddressSpace } from "../rkvm/address-space.ts";
import type { OpenFile } from "../vfs/open-file.ts";
import type { Credentials } from "./credentials.ts";
import type { Process } from "./process.ts";

/** A program that `execve` is to run. Strings are bytes without their zero. */
export interface ProgramRequest {
  /** An ELF file. It is the caller's. */
  readonly file: OpenFile;
  /** The file's path in the guest's tree, for messages and maps. */
  readonly name: string;
  /** AT_EXECFN: the path as it was given. */
  readonly path: Uint8Array;
  readonly argv: readonly Uint8Array[];
  readonly envp: readonly Uint8Array[];
  /** Who will run it. */
  readonly process: Process;
  /** As whom. */
  readonly credentials: Credentials;
  /** AT_SECURE */
  readonly isSecure: boolean;
}

/** A program in an address space of its own, ready for its first instruction. */
export interface Program {
  readonly memory: AddressSpace;
  readonly entry: number;
  readonly stackPointer: number;
  /** Signal handlers return here. */
  readonly sigreturn: number;
  /** The page that it reads the clock's start from. */
  readonly vvar: number;
}

/** Loads programs. Provided by the machine, which has the loader. */
export interface ProgramLoader {
  /** The program, or a negative errno: ENOEXEC, ELIBBAD, ENOENT (no interpreter), E2BIG, ENOMEM, EACCES. */
  load(request: ProgramRequest): Program | number | Promise<Program | number>;
}

export const programLoader: Api<ProgramLoader> = api("program-loader");
