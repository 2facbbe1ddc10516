import type { Command } from "commander";
import type { JitMode } from "../../cpu/jit/jit.ts";
import { MOST_MEMORY } from "../../machine/machine-options.ts";
import { bootMessages } from "../../messages/boot.ts";
import { bootCliText } from "../../messages/boot-cli.ts";
import { cliText } from "../../messages/cli.ts";
import { UsageError } from "../../messages/errors.ts";
import type { AllowRule } from "../../net/gateway/allow.ts";
import type { HostForward } from "../../net/gateway/host-forward.ts";
import { formatSize } from "../output.ts";
import { countValue, jitValue, seedValue, sizeValue } from "../values.ts";
import {
  allowValue,
  type DeviceOption,
  type DriveOption,
  deviceValue,
  driveValue,
  forwardValue,
  hartsValue,
  netValue,
  type ShareOption,
  shareValue,
  versionValue,
} from "./values.ts";

/** Bytes: QEMU's default. */
export const DEFAULT_MEMORY = 128 << 20;
const LEAST_MEMORY = 1 << 20;
const memorySize = sizeValue("-m", LEAST_MEMORY, MOST_MEMORY);

/** A plain number is MiB, as QEMU's. */
const memoryValue = (text: string): number => memorySize(/^\d+$/.test(text) ? `${text}M` : text);

/** The options of `boot` as commander gives them: what is absent was not given. */
export interface BootOptions {
  readonly bios?: string;
  readonly kernel?: string;
  readonly initrd?: string;
  readonly append?: string;
  readonly memory?: number;
  readonly smp?: number;
  readonly drive?: readonly DriveOption[];
  readonly snapshot?: boolean;
  readonly net?: "none" | "user";
  /** Absent: all of the network. */
  readonly netAllow?: readonly AllowRule[];
  readonly hostfwd?: readonly HostForward[];
  readonly pcap?: string;
  readonly share?: readonly ShareOption[];
  readonly device?: readonly DeviceOption[];
  readonly nodefaults?: boolean;
  readonly virtioVersion?: 1 | 2;
  readonly virtioPacked?: boolean;
  readonly maxInstructions?: number;
  readonly jit?: JitMode;
  readonly jitStats?: boolean;
  readonly deterministic?: boolean;
  readonly seed?: bigint;
  readonly save?: string;
  readonly load?: string;
  readonly dumpDtb?: string;
}

export function bootOptions(command: Command): Command {
  return command
    .argument("[IMAGE]", bootCliText.imageArgument())
    .option("--bios <builtin|none|FILE>", bootCliText.optionBios())
    .option("--kernel <FILE>", bootCliText.optionKernel())
    .option("--initrd <FILE>", bootCliText.optionInitrd())
    .option("--append <TEXT>", bootCliText.optionAppend())
    .option("-m, --memory <SIZE>", cliText.optionMem(formatSize(DEFAULT_MEMORY)), memoryValue)
    .option("--smp <N>", bootCliText.optionSmp(), hartsValue)
    .option("--drive <FILE>", bootCliText.optionDrive(), driveValue)
    .option("--snapshot", bootCliText.optionSnapshot())
    .option("--net <none|user>", bootCliText.optionNet(), netValue)
    .option("--net-allow <RULE>", bootCliText.optionNetAllow(), allowValue)
    .option("--hostfwd <RULE>", bootCliText.optionHostfwd(), forwardValue)
    .option("--pcap <FILE>", bootCliText.optionPcap())
    .option("--share <DIR:TAG(:rw)>", bootCliText.optionShare(), shareValue)
    .option("--device <NAME>", bootCliText.optionDevice(), deviceValue)
    .option("--nodefaults", bootCliText.optionNodefaults())
    .option("--virtio-version <1|2>", bootCliText.optionVirtioVersion(), versionValue)
    .option("--virtio-packed", bootCliText.optionVirtioPacked())
    .option("--max-instructions <N>", cliText.optionMaxInstructions(), countValue("--max-instructions"))
    .option("--jit <off|on|always>", cliText.optionJit(), jitValue)
    .option("--jit-stats", cliText.optionJitStats())
    .option("--deterministic", cliText.optionDeterministic())
    .option("--seed <N>", bootCliText.optionSeed(), seedValue("--seed"))
    .option("--save <FILE>", bootCliText.optionSave())
    .option("--load <FILE>", bootCliText.optionLoad())
    .option("--dump-dtb <FILE>", bootCliText.optionDumpDtb());
}

/** What a saved machine brings with it, by the option that would say it otherwise. */
const SAVED: readonly (readonly [keyof BootOptions, string])[] = [
  ["bios", "--bios"],
  ["kernel", "--kernel"],
  ["initrd", "--initrd"],
  ["append", "--append"],
  ["memory", "-m"],
  ["smp", "--smp"],
  ["nodefaults", "--nodefaults"],
  ["virtioVersion", "--virtio-version"],
  ["virtioPacked", "--virtio-packed"],
  ["deterministic", "--deterministic"],
  ["seed", "--seed"],
  ["dumpDtb", "--dump-dtb"],
];

/** The options with the image, wherever it was given, as `kernel`. Throws `UsageError` where they do not go together. */
export function checkedOptions(image: string | undefined, given: BootOptions): BootOptions {
  if (image !== undefined && given.kernel !== undefined) throw new UsageError(bootCliText.twoKernels());
  const options = image === undefined ? given : { ...given, kernel: image };
  if (options.load !== undefined) checkLoad(options, image);
  else checkBoot(options);
  if (options.dumpDtb !== undefined && options.save !== undefined)
    throw new UsageError(bootCliText.notTogether("--dump-dtb", "--save"));
  checkNetwork(options);
  const vsock = options.device?.find(({ path }) => path !== undefined);
  if (options.deterministic && vsock)
    throw new UsageError(bootCliText.dependsOnHost("--device virtio-vsock,path=…"));
  return options;
}

function checkNetwork({ net = "none", netAllow, hostfwd, pcap, deterministic }: BootOptions): void {
  const flags = { "--net-allow": netAllow, "--hostfwd": hostfwd, "--pcap": pcap };
  const given = Object.entries(flags).find(([, value]) => value !== undefined);
  if (net !== "user" && given) throw new UsageError(bootCliText.needs(given[0], "--net user"));
  if (net === "user" && deterministic) throw new UsageError(bootCliText.dependsOnHost("--net user"));
}

function checkLoad(options: BootOptions, image: string | undefined): void {
  if (image !== undefined) throw new UsageError(bootCliText.comesFromSave("IMAGE"));
  for (const [key, flag] of SAVED)
    if (options[key] !== undefined) throw new UsageError(bootCliText.comesFromSave(flag));
  const device = options.device?.find(({ path }) => path === undefined);
  if (device) throw new UsageError(bootCliText.comesFromSave(`--device ${device.name}`));
}

function checkBoot(options: BootOptions): void {
  const { bios = "builtin", kernel, initrd, append, dumpDtb } = options;
  const needsKernel = (flag: string) => new UsageError(bootCliText.needs(flag, "--kernel"));
  if (kernel === undefined) {
    if (initrd !== undefined) throw needsKernel("--initrd");
    if (append !== undefined) throw needsKernel("--append");
    const hasOwn = bios !== "builtin" && bios !== "none";
    if (!hasOwn && dumpDtb === undefined) throw new UsageError(bootMessages.kernelNeeded(bios));
  }
  if (options.seed !== undefined && !options.deterministic)
    throw new UsageError(bootCliText.needs("--seed", "--deterministic"));
  if (options.virtioPacked && options.virtioVersion === 1)
    throw new UsageError(bootCliText.notTogether("--virtio-packed", "--virtio-version 1"));
}
