import type { Device } from "../memory/bus.ts";

/** What the guest asks for. `code`: 0 to 65535. */
export type SysconEvent = { readonly kind: "poweroff"; readonly code: number } | { readonly kind: "reset" };

const Command = { fail: 0x3333, pass: 0x5555, reset: 0x7777 } as const;

/**
 * SiFive's test finisher, by which a guest turns the machine off or resets it: one register of 4 bytes at offset 0, of
 * which 2 may be written alone. It has no state and reads as zero.
 *
 *      31      16 15        0
 *     |   code   |  command  |    0x5555 power off; 0x3333 power off with `code`; 0x7777 reset
 */
export class Syscon implements Device {
  readonly name = "syscon";
  private readonly act: (event: SysconEvent) => void;

  /** `act` is called during the guest's store. */
  constructor(act: (event: SysconEvent) => void) {
    this.act = act;
  }

  load(): number {
    return 0;
  }

  store(offset: number, size: 1 | 2 | 4, value: number): void {
    if (offset !== 0 || size === 1) return;
    switch (value & 0xffff) {
      case Command.pass:
        this.act({ kind: "poweroff", code: 0 });
        break;
      case Command.fail:
        this.act({ kind: "poweroff", code: value >>> 16 });
        break;
      case Command.reset:
        this.act({ kind: "reset" });
        break;
    }
  }
}
