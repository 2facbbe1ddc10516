import { type Api, api } from "../library.ts";
import type { BlockDevice } from "../rkblkdev/block-device.ts";
import type { Filesystem } from "./filesystem.ts";

/** The filesystem on a disk. `readOnly`: nothing is written to it. Throws `RefusedError` where it cannot be mounted. */
export type DiskMounter = (device: BlockDevice, readOnly: boolean) => Filesystem;

export const diskMounter: Api<DiskMounter> = api("disk-filesystem");
