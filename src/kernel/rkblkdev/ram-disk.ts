import type { BlockDevice } from "./block-device.ts";

/** A disk in the host's memory. */
export class RamDisk implements BlockDevice {
  readonly name: string;
  readonly readOnly = false;
  readonly bytes: Uint8Array;

  constructor(bytes: Uint8Array, name = "ram0") {
    this.bytes = bytes;
    this.name = name;
  }

  get sizeBytes(): number {
    return this.bytes.length;
  }

  read(offset: number, into: Uint8Array): void {
    into.set(this.bytes.subarray(offset, offset + into.length));
  }

  write(offset: number, bytes: Uint8Array): void {
    this.bytes.set(bytes, offset);
  }

  flush(): void {}
}
