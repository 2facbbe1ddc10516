import { type Api, api } from "../library.ts";

/** Offsets and lengths of transfers are multiples of this. */
export const SECTOR = 512;

/**
 * A disk as filesystems see it. Every operation is done when it returns; what the device cannot do is `VfsError` EIO.
 * The range of a transfer is inside the disk: the caller has checked it.
 */
export interface BlockDevice {
  /** `vda`, as in `/proc/mounts`. */
  readonly name: string;
  readonly sizeBytes: number;
  readonly readOnly: boolean;
  /** Fills `into` with what is at `offset`. */
  read(offset: number, into: Uint8Array): void;
  /** What is written survives the end of this process; that of the host's power only after `flush`. */
  write(offset: number, bytes: Uint8Array): void;
  flush(): void;
}

/** The machine's disks, in the order in which they were given. */
export const blockDevices: Api<readonly BlockDevice[]> = api("rkblkdev");
