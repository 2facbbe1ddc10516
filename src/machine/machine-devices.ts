import type { HostWork } from "../devices/host-work.ts";
import { BalloonDevice } from "../devices/virtio/balloon.ts";
import { BlockDevice } from "../devices/virtio/blk.ts";
import { ConsoleDevice } from "../devices/virtio/console.ts";
import type { VirtioDevice } from "../devices/virtio/device.ts";
import { GpuDevice } from "../devices/virtio/gpu.ts";
import { KeyboardDevice } from "../devices/virtio/input-keyboard.ts";
import { TabletDevice } from "../devices/virtio/input-tablet.ts";
import { NetworkDevice } from "../devices/virtio/net.ts";
import { P9Device } from "../devices/virtio/p9/device.ts";
import { RngDevice } from "../devices/virtio/rng.ts";
import { VsockDevice } from "../devices/virtio/vsock.ts";
import type { VsockHost } from "../devices/virtio/vsock-host.ts";
import { RefusedError } from "../messages/errors.ts";
import { machineMessages } from "../messages/machine.ts";
import { ADDRESS_MAP } from "./board.ts";
import type { MachineOptions } from "./machine-options.ts";

/** The card of the machine: QEMU's, so that guests with it in their configuration find it. */
const MAC = Uint8Array.of(0x52, 0x54, 0x00, 0x12, 0x34, 0x56);

/** No port of the host is listened on. */
const NOBODY: VsockHost = { connect: () => undefined };

/** What devices use of the machine that they are put into. */
export interface DeviceParts {
  readonly work: HostWork;
  readonly entropy: (into: Uint8Array) => void;
  /** Gives a page of RAM (address / 4096) back. */
  readonly discard: (page: number) => void;
  /** Output of the virtio console. */
  readonly print: (bytes: Uint8Array) => void;
}

/** A machine's virtio devices: those that have something to say to the outside, and all of them by slot. */
export class MachineDevices {
  readonly console: ConsoleDevice | undefined;
  readonly network: NetworkDevice | undefined;
  readonly gpu: GpuDevice | undefined;
  readonly keyboard: KeyboardDevice | undefined;
  readonly tablet: TabletDevice | undefined;
  readonly vsock: VsockDevice | undefined;
  readonly balloon: BalloonDevice | undefined;
  /** Console and rng are in the last ones; disks and what is asked for count from the first one up. */
  readonly slots: readonly (VirtioDevice | undefined)[];

  /** Throws `RefusedError` where there are more devices than slots. */
  constructor(
    { drives = [], network, shares = [], devices = [], noDefaults, vsock = NOBODY }: MachineOptions,
    parts: DeviceParts,
  ) {
    const { work, entropy, discard } = parts;
    const send = (bytes: Uint8Array) => {
      parts.print(bytes);
      return undefined;
    };
    const asked = <T>(name: (typeof devices)[number], make: () => T) =>
      devices.includes(name) ? make() : undefined;
    const usual = <T>(name: (typeof devices)[number], make: () => T) =>
      noDefaults ? asked(name, make) : make();
    this.console = usual(
      "virtio-console",
      () => new ConsoleDevice([{ name: "console", isConsole: true, send }], work),
    );
    this.network = network && new NetworkDevice(network, { mac: MAC });
    this.gpu = asked("virtio-gpu", () => new GpuDevice(work));
    this.keyboard = asked("virtio-keyboard", () => new KeyboardDevice());
    this.tablet = asked("virtio-tablet", () => new TabletDevice());
    this.vsock = asked("virtio-vsock", () => new VsockDevice(vsock, work));
    this.balloon = asked("virtio-balloon", () => new BalloonDevice(discard));
    const counted: (VirtioDevice | undefined)[] = [
      ...drives.map((disk, i) => new BlockDevice(disk, work, `drive${i}`)),
      this.network,
      ...shares.map(({ tag, tree }) => new P9Device(tag, tree, work)),
      this.gpu,
      this.keyboard,
      this.tablet,
      this.vsock,
      this.balloon,
    ].filter((device) => device !== undefined);
    const last = [this.console, usual("virtio-rng", () => new RngDevice(entropy))].filter(
      (device) => device !== undefined,
    );
    const room = ADDRESS_MAP.virtio.slots - last.length;
    if (counted.length > room) throw new RefusedError(machineMessages.tooManyDevices(counted.length, room));
    counted.length = room;
    this.slots = [...counted, ...last];
  }
}
