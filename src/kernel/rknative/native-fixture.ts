import { FOR_NATIVE, STANDARD } from "../../machine/libraries.ts";
import type { Kernel } from "../kernel.ts";
import { type TestKernel, testKernel } from "../kernel-fixture.ts";
import { type BlockDevice, blockDevices } from "../rkblkdev/block-device.ts";

/** A kernel with all native calls, and with these disks. */
export function nativeKernel(disks: readonly BlockDevice[] = []): Promise<TestKernel> {
  const library = {
    name: "test-disks",
    summary: () => "",
    provides: [blockDevices],
    needs: [],
    start: (kernel: Kernel) => kernel.provide(blockDevices, disks),
  };
  return testKernel({ linked: [...STANDARD, ...FOR_NATIVE], libraries: [library] });
}

/** Threads of one process: CLONE_VM, FS, FILES, SIGHAND, THREAD. */
export const THREAD = 0x10f00;
