import { librarySummary } from "../../messages/libraries.ts";
import type { Library } from "../library.ts";
import { processTable } from "../rkprocess/process-table.ts";
import { scheduler } from "../rksched/scheduler.ts";
import { dispatcher } from "../rksyscall/dispatcher.ts";
import { time } from "../rktime/time.ts";
import { memoryManager } from "../rkvm/memory-manager.ts";
import { capabilitySyscalls } from "./capabilities.ts";
import { childSyscalls } from "./children.ts";
import { cloneSyscalls } from "./clone.ts";
import { controlSyscalls } from "./control.ts";
import { hostNames } from "./host-names.ts";
import { identitySyscalls } from "./identity.ts";
import { lifetimeSyscalls } from "./lifetime.ts";
import { prioritySyscalls } from "./priority.ts";
import { resourceSyscalls } from "./resources.ts";
import { riscvSyscalls } from "./riscv.ts";
import { schedulingSyscalls } from "./scheduling.ts";
import { systemSyscalls } from "./system.ts";
import { unshareSyscalls } from "./unshare.ts";

export const posixProcess: Library = {
  name: "posix-process",
  summary: librarySummary.posixProcess,
  provides: [hostNames],
  needs: [processTable, scheduler, dispatcher, time, memoryManager],
  syscalls: [
    ...identitySyscalls,
    ...capabilitySyscalls,
    ...lifetimeSyscalls,
    ...cloneSyscalls,
    ...childSyscalls,
    ...controlSyscalls,
    ...unshareSyscalls,
    ...resourceSyscalls,
    ...schedulingSyscalls,
    ...prioritySyscalls,
    ...systemSyscalls,
    ...riscvSyscalls,
  ],
  start(kernel) {
    kernel.provide(hostNames, { host: "runikraft", domain: "(none)" });
  },
};
