import { librarySummary } from "../../messages/libraries.ts";
import type { Library } from "../library.ts";
import { processTable } from "../rkprocess/process-table.ts";
import { programLoader } from "../rkprocess/program-loader.ts";
import { signals } from "../rksignal/signals.ts";
import { dispatcher } from "../rksyscall/dispatcher.ts";
import { vfs } from "../vfs/vfs.ts";
import { execCalls } from "./exec.ts";

/** Running another program in a process. */
export const posixExec: Library = {
  name: "posix-exec",
  summary: librarySummary.posixExec,
  provides: [],
  needs: [vfs, programLoader, processTable, dispatcher, signals],
  syscalls: execCalls,
};
