import type { Disk } from "../../devices/disk.ts";
import { openRawDisk } from "../../host/disk.ts";
import { readHostFile } from "../../host/files.ts";
import { nodeHost } from "../../host/node.ts";
import type { VsockSockets } from "../../host/vsock.ts";
import type { BootFile, BootFiles } from "../../machine/boot-images.ts";
import { Machine } from "../../machine/machine.ts";
import type { MachineSurroundings } from "../../machine/machine-options.ts";
import { OverlayDisk } from "../../machine/overlay-disk.ts";
import { bootCliText } from "../../messages/boot-cli.ts";
import { RefusedError } from "../../messages/errors.ts";
import type { ConnectionEnds } from "../../net/gateway/relay.ts";
import { type BootOptions, DEFAULT_MEMORY } from "./options.ts";
import type { UserNetwork } from "./user-network.ts";

/** What a machine of this command line is connected to, and what has to be closed in the end. */
export class Setup {
  private readonly options: BootOptions;
  private readonly print: (bytes: Uint8Array) => void;
  private drives: readonly Disk[] = [];
  private shares: MachineSurroundings["shares"];
  private newVsock: (() => VsockSockets) | undefined;
  private vsock: VsockSockets | undefined;
  private network: UserNetwork | undefined;

  private constructor(options: BootOptions, print: (bytes: Uint8Array) => void) {
    this.options = options;
    this.print = print;
  }

  /** Opens drives and directories. Rejects with `RefusedError` where one cannot be had. */
  static async open(options: BootOptions, print: (bytes: Uint8Array) => void): Promise<Setup> {
    const setup = new Setup(options, print);
    await setup.openDrives();
    // What follows is loaded only when it is asked for.
    const { share = [], device = [] } = options;
    if (share.length > 0) {
      const { shareDirectory } = await import("../../host/shared-directory.ts");
      setup.shares = share.map(({ directory, tag, writable }) => ({
        tag,
        tree: shareDirectory(directory, writable),
      }));
    }
    const path = device.find(({ name }) => name === "virtio-vsock")?.path;
    if (path !== undefined) {
      const { VsockSockets } = await import("../../host/vsock.ts");
      setup.newVsock = () => new VsockSockets(path);
    }
    if (options.net === "user") {
      const { UserNetwork } = await import("./user-network.ts");
      const { netAllow, hostfwd = [], pcap } = options;
      setup.network = await UserNetwork.open({ allow: netAllow ?? "all", forwards: hostfwd, capture: pcap });
    }
    return setup;
  }

  /** The machine that the options describe, out of reset; or the one that they load. Rejects with `RefusedError`. */
  async machine(): Promise<Machine> {
    const { load } = this.options;
    if (load !== undefined) return this.load(load);
    const { memory = DEFAULT_MEMORY, smp, device = [], deterministic, seed } = this.options;
    const { virtioVersion, virtioPacked } = this.options;
    const config = {
      memory,
      harts: smp,
      boot: readBootFiles(this.options),
      devices: device.map(({ name }) => name),
      noDefaults: this.options.nodefaults,
      virtioVersion,
      packedRings: virtioPacked,
      deterministic,
      seed,
    };
    return this.connect((surroundings) => Machine.create({ ...config, ...surroundings }));
  }

  /** A saved machine, connected as this command line says. Rejects with `RefusedError`. */
  load(file: string): Promise<Machine> {
    const bytes = new Uint8Array(readHostFile(file));
    return this.connect((surroundings) => Machine.load(bytes, file, surroundings));
  }

  /** Something outside may wake a machine that waits, beside a person who types. */
  get isConnected(): boolean {
    return this.vsock !== undefined || this.network !== undefined;
  }

  /** TCP connections through the network; undefined without one. */
  get connections(): readonly ConnectionEnds[] | undefined {
    return this.network?.connections;
  }

  /** Lets go of everything. No machine runs any more. */
  async close(): Promise<void> {
    this.network?.close();
    await this.vsock?.close();
    for (const disk of this.drives) await disk.close();
  }

  /** Makes a machine. Where that fails, the one that was made before is as it was. */
  private async connect(make: (surroundings: MachineSurroundings) => Promise<Machine>): Promise<Machine> {
    const { print, shares } = this;
    const { jit } = this.options;
    // A disk that a saved machine has its own contents of is changed by loading, so the new machine gets a copy.
    const drives = this.drives.map((disk) => (disk instanceof OverlayDisk ? disk.fork() : disk));
    const vsock = this.newVsock?.();
    const cable = this.network?.cable();
    const machine = await make({ host: nodeHost, jit, print, drives, network: cable?.port, shares, vsock });
    if (vsock && !machine.devices.vsock) throw new RefusedError(bootCliText.noVsock(this.options.load ?? ""));
    cable?.plug();
    for (const [i, disk] of this.drives.entries()) if (disk !== drives[i]) await disk.close();
    this.drives = drives;
    await this.vsock?.close();
    this.vsock = vsock;
    if (machine.devices.vsock) await vsock?.listen(machine.devices.vsock);
    return machine;
  }

  private async openDrives(): Promise<void> {
    const drives: Disk[] = [];
    for (const { file, readOnly, snapshot } of this.options.drive ?? []) {
      const keeps = snapshot || this.options.snapshot === true;
      const disk = await openRawDisk(file, { readOnly: readOnly || keeps });
      drives.push(keeps && !readOnly ? new OverlayDisk(disk) : disk);
    }
    this.drives = drives;
  }
}

function readBootFiles({ bios = "builtin", kernel, initrd, append }: BootOptions): BootFiles {
  const read = (name: string): BootFile => ({ name, bytes: readHostFile(name) });
  return {
    bios: bios === "builtin" || bios === "none" ? bios : read(bios),
    ...(kernel !== undefined && { kernel: read(kernel) }),
    ...(initrd !== undefined && { initrd: read(initrd) }),
    ...(append !== undefined && { append }),
  };
}
