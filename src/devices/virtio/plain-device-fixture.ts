import type { State } from "../state.ts";
import type { VirtioDevice, VirtioLink } from "./device.ts";

/** A device that does nothing by itself: a test does, through its link. It notes what it is told. */
export class PlainDevice implements VirtioDevice {
  readonly name = "virtio-plain";
  readonly type = 63;
  readonly features = (1n << 3n) | (1n << 40n);
  readonly queueSizes = [256, 64];
  readonly events: string[] = [];
  readonly configuration = Uint8Array.of(1, 2, 3, 4, 5, 6, 7);
  link!: VirtioLink;
  /** What it does when notified. */
  onNotify: (queue: number) => void = () => {};

  connect(link: VirtioLink): void {
    this.link = link;
  }

  config(): Uint8Array {
    return this.configuration;
  }

  writeConfig(offset: number, bytes: Uint8Array): void {
    this.events.push(`config ${offset}: ${[...bytes].join(" ")}`);
  }

  start(): void {
    this.events.push("start");
  }

  reset(): void {
    this.events.push("reset");
  }

  notify(queue: number): void {
    this.events.push(`notify ${queue}`);
    this.onNotify(queue);
  }

  save(): State {
    return this.events.length;
  }

  restore(state: State): void {
    this.events.push(`restore ${state}`);
  }
}
