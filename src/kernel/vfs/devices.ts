import type { Location } from "./dentry.ts";
import type { OpenFile } from "./open-file.ts";

/** Opens a device. `flags` as in open(2). */
export type Driver = (location: Location, flags: number) => OpenFile;

/** The character devices of a machine, by number (`deviceNumber`): what nodes of any filesystem lead to. */
export class Devices {
  private readonly drivers = new Map<number, Driver>();

  add(number: number, driver: Driver): void {
    this.drivers.set(number, driver);
  }

  find(number: number): Driver | undefined {
    return this.drivers.get(number);
  }
}
