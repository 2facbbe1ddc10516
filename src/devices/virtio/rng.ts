import type { State } from "../state.ts";
import type { VirtioDevice, VirtioLink } from "./device.ts";

/** The most bytes of a chain that are filled: drivers ask again for more. */
const MOST = 64 << 10;

/** Entropy for the guest (VIRTIO 1.2, section 5.4): it fills whatever buffers it is given. */
export class RngDevice implements VirtioDevice {
  readonly name = "virtio-rng";
  readonly type = 4;
  readonly features = 0n;
  readonly queueSizes = [256];
  private readonly entropy: (into: Uint8Array) => void;
  private link!: VirtioLink;

  /** `entropy` fills an array with bytes that nobody can foresee, or, for the same run again, the same bytes. */
  constructor(entropy: (into: Uint8Array) => void) {
    this.entropy = entropy;
  }

  connect(link: VirtioLink): void {
    this.link = link;
  }

  config(): Uint8Array {
    return new Uint8Array(0);
  }

  writeConfig(): void {}

  start(): void {
    this.notify();
  }

  reset(): void {}

  notify(): void {
    const queue = this.link.queue(0);
    for (let chain = queue.pop(); chain; chain = queue.pop()) {
      const bytes = new Uint8Array(Math.min(chain.writable, MOST));
      this.entropy(bytes);
      queue.push(chain, chain.write(0, bytes));
    }
  }

  save(): State {
    return undefined;
  }

  restore(): void {}
}
