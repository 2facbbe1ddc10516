import type { Kernel } from "../kernel.ts";
import { hostNames } from "../posix-process/host-names.ts";
import { processTable } from "../rkprocess/process-table.ts";
import { random } from "../rkswrand/random.ts";
import { memoryManager } from "../rkvm/memory-manager.ts";
import { KERNEL_RELEASE, KERNEL_VERSION } from "../syscalls/release.ts";
import { fail } from "../vfs/error.ts";
import { vfs } from "../vfs/vfs.ts";
import {
  entriesOf,
  type ProcContext,
  ProcDirectory,
  type ProcNode,
  ProcText,
  type TextWriter,
} from "./nodes.ts";

/** What a file of `/proc/sys` says; where it can be set, how. */
type Value = string | number | (() => string | number);
interface Variable {
  readonly value: Value;
  readonly set?: TextWriter;
}
interface Folder {
  readonly [name: string]: Value | Variable | Folder;
}

/** `/proc/sys` (proc_sys(5)): what programs ask, with the answers that are true here. */
export function sysctlDirectory(context: ProcContext, path: string, kernel: Kernel): ProcDirectory {
  return directory(context, path, variables(kernel));
}

function directory(context: ProcContext, path: string, folder: Folder): ProcDirectory {
  const tree = Object.fromEntries(
    Object.entries(folder).map(([name, entry]) => [name, (at: string) => node(context, at, entry)]),
  );
  return new ProcDirectory(context, path, entriesOf(tree));
}

function node(context: ProcContext, path: string, entry: Value | Variable | Folder): ProcNode {
  if (isValue(entry)) return new ProcText(context, path, () => text(entry));
  if (isVariable(entry)) return new ProcText(context, path, () => text(entry.value), entry.set);
  return directory(context, path, entry);
}

const isValue = (entry: Value | Variable | Folder): entry is Value => typeof entry !== "object";
const isVariable = (entry: Variable | Folder): entry is Variable => "value" in entry;
const text = (value: Value) => `${typeof value === "function" ? value() : value}\n`;

/** A value that is kept as it was written, without effect: nothing here depends on it. */
function kept(initial: string | number): Variable {
  let current = String(initial);
  return {
    value: () => current,
    set: (written) => {
      current = written.trim().slice(0, 255);
    },
  };
}

/** 128 random bits as a UUID of version 4. */
function uuid(kernel: Kernel): string {
  const bytes = new Uint8Array(16);
  kernel.use(random).fill(bytes);
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const digits = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

const LONGEST_NAME = 64;

function variables(kernel: Kernel): Folder {
  const boot = uuid(kernel);
  const { limits } = kernel.use(vfs);
  const name = (which: "host" | "domain"): Variable => ({
    value: () => kernel.use(hostNames)?.[which] ?? "(none)",
    set(written) {
      const names = kernel.use(hostNames) ?? fail("EPERM");
      names[which] = written.replace(/\n.*/s, "").slice(0, LONGEST_NAME);
    },
  });
  return {
    fs: {
      "aio-max-nr": 65536,
      epoll: { max_user_watches: limits.epollWatches },
      "file-max": limits.openFiles,
      "file-nr": `0\t0\t${limits.openFiles}`,
      inotify: {
        max_queued_events: 16384,
        max_user_instances: limits.inotifyInstances,
        max_user_watches: limits.inotifyWatches,
      },
      "lease-break-time": 45,
      "leases-enable": 0,
      nr_open: 65536,
      "pipe-max-size": 1048576,
      "pipe-user-pages-hard": 0,
      "pipe-user-pages-soft": Math.floor(limits.pipeMemory / 4096),
      protected_fifos: 0,
      protected_hardlinks: 1,
      protected_regular: 0,
      protected_symlinks: 1,
      suid_dumpable: 0,
    },
    kernel: {
      arch: "riscv64",
      cap_last_cap: 40,
      core_pattern: kept("core"),
      core_uses_pid: kept(0),
      domainname: name("domain"),
      dmesg_restrict: 0,
      hostname: name("host"),
      kptr_restrict: 0,
      msgmax: 8192,
      msgmnb: 16384,
      msgmni: 32000,
      ngroups_max: 65536,
      osrelease: KERNEL_RELEASE,
      ostype: "Linux",
      overflowgid: 65534,
      overflowuid: 65534,
      panic: kept(0),
      perf_event_paranoid: 4,
      pid_max: 4194304,
      printk: "4\t4\t1\t7",
      random: {
        boot_id: boot,
        entropy_avail: 256,
        poolsize: 256,
        urandom_min_reseed_secs: 60,
        uuid: () => uuid(kernel),
        write_wakeup_threshold: 256,
      },
      randomize_va_space: 2,
      sched_child_runs_first: 0,
      sched_rt_period_us: 1000000,
      sched_rt_runtime_us: 950000,
      sem: "32000\t1024000000\t500\t32000",
      shmall: "18446744073692774399",
      shmmax: "18446744073692774399",
      shmmni: 4096,
      tainted: 0,
      "threads-max": () => kernel.use(processTable).mostThreads,
      version: KERNEL_VERSION,
    },
    net: {
      core: {
        optmem_max: 131072,
        rmem_default: 212992,
        rmem_max: 212992,
        somaxconn: 4096,
        wmem_default: 212992,
        wmem_max: 212992,
      },
      ipv4: { ip_local_port_range: "32768\t60999" },
      unix: { max_dgram_qlen: 512 },
    },
    vm: {
      dirty_background_ratio: 10,
      dirty_ratio: 20,
      drop_caches: kept(0),
      max_map_count: 65530,
      min_free_kbytes: () => Math.min(1024, kernel.use(memoryManager).totalPages),
      mmap_min_addr: 65536,
      nr_hugepages: 0,
      overcommit_kbytes: 0,
      overcommit_memory: kept(0),
      overcommit_ratio: kept(50),
      "page-cluster": 3,
      swappiness: kept(60),
      vfs_cache_pressure: 100,
    },
  };
}
