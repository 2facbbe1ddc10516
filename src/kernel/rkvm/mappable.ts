import { type Api, api } from "../library.ts";
import type { Process } from "../rkprocess/process.ts";
import type { Backing } from "./backing.ts";

/** Finds what `mmap` maps for a file descriptor. Provided by the library that has the files. */
export interface FileMappings {
  /**
   * The backing of an open file, with `writeAt` where a shared mapping may write; or a negative errno: EBADF,
   * ENODEV (cannot be mapped), EACCES (not open for reading, or `sharedWrite` without write permission), EPERM (to
   * `execute` from where no programs are to be).
   * `undefined` stands for anonymous memory (`/dev/zero`).
   */
  backing(process: Process, fd: number, sharedWrite: boolean, execute: boolean): Backing | undefined | number;
}

export const fileMappings: Api<FileMappings> = api("file-mappings");
