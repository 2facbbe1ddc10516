import type { HostWork } from "../host-work.ts";
import { listOf, record } from "../state-shape.ts";
import {
  ConsolePort,
  Control,
  PORT_QUEUE_SIZE,
  PORT_STATE,
  type PortOptions,
  type PortState,
} from "./console-port.ts";
import type { VirtioDevice, VirtioLink, Virtqueue } from "./device.ts";

/** Feature bits (VIRTIO 1.2, section 5.3.3). */
const Feature = { size: 1n << 0n, multiport: 1n << 1n, emergencyWrite: 1n << 2n } as const;

/** Queues: 0 and 1 are those of port 0, 4 and 5 those of port 1, and so on. */
const [TO_DRIVER, FROM_DRIVER] = [2, 3];
const CONTROL_QUEUE_SIZE = 64;
const CONFIG_SIZE = 12;
const CONFIG_EMERGENCY = 8;

export type ConsoleState = { readonly ports: readonly PortState[] };

/**
 * Consoles and channels to programs of the guest (VIRTIO 1.2, section 5.3). Drivers without control messages have
 * port 0 alone.
 *
 *     config   0 columns, 2 rows of port 0   4 number of ports   8 a byte to write without a queue
 *     message  0 port   4 event   6 value   8 name, or columns and 10 rows
 */
export class ConsoleDevice implements VirtioDevice<ConsoleState> {
  readonly name = "virtio-console";
  readonly type = 3;
  readonly features = Feature.size | Feature.multiport | Feature.emergencyWrite;
  readonly queueSizes: readonly number[];
  /** In the order in which they were given. */
  readonly ports: readonly ConsolePort[];
  private link!: VirtioLink;

  /** At least one port: drivers take the first one for a console. */
  constructor(ports: readonly PortOptions[], work: HostWork) {
    this.ports = ports.map((options, id) => {
      const place = {
        id,
        queues: () => this.queuesOf(id),
        hasControl: () => this.hasControl,
        tell: () => this.tell(),
        resized: () => {
          if (id === 0 && (this.link.features & Feature.size) !== 0n) this.link.configChanged();
        },
        fail: () => this.link.fail(),
      };
      return new ConsolePort(options, place, work);
    });
    const pair = [PORT_QUEUE_SIZE, PORT_QUEUE_SIZE];
    const others = ports.slice(1).flatMap(() => pair);
    this.queueSizes = [...pair, CONTROL_QUEUE_SIZE, CONTROL_QUEUE_SIZE, ...others];
  }

  connect(link: VirtioLink): void {
    this.link = link;
  }

  config(): Uint8Array {
    const bytes = new Uint8Array(CONFIG_SIZE);
    const view = new DataView(bytes.buffer);
    const { columns, rows } = this.ports[0].size;
    view.setUint16(0, columns, true);
    view.setUint16(2, rows, true);
    view.setUint32(4, this.ports.length, true);
    return bytes;
  }

  /** May be used before features are negotiated. */
  writeConfig(offset: number, bytes: Uint8Array): void {
    const byte = bytes[CONFIG_EMERGENCY - offset];
    if (byte !== undefined) this.ports[0].emergencyWrite(byte);
  }

  start(): void {
    for (let queue = 0; queue < this.queueSizes.length; queue++) this.notify(queue);
  }

  reset(): void {
    for (const port of this.ports) port.reset();
  }

  notify(queue: number): void {
    if (queue === TO_DRIVER) this.tell();
    else if (queue === FROM_DRIVER) this.listen();
    else {
      const port = this.ports[queue < TO_DRIVER ? 0 : (queue >> 1) - 1];
      if (queue % 2 === 1) port.transmit();
      else port.onRoom();
    }
  }

  save(): ConsoleState {
    return { ports: this.ports.map((port) => port.save()) };
  }

  restore(state: ConsoleState): void {
    const { ports } = record({ ports: listOf(PORT_STATE, this.ports.length) })(state);
    this.ports.forEach((port, i) => {
      port.restore(ports[i]);
    });
  }

  private get hasControl(): boolean {
    return (this.link.features & Feature.multiport) !== 0n;
  }

  private queuesOf(id: number): { readonly receive: Virtqueue; readonly transmit: Virtqueue } | undefined {
    if (id > 0 && !this.hasControl) return undefined;
    const first = id === 0 ? 0 : 2 + 2 * id;
    return { receive: this.link.queue(first), transmit: this.link.queue(first + 1) };
  }

  /** Tells the driver what it is to be told, as far as it has buffers for it. */
  private tell(): void {
    const queue = this.link.queue(TO_DRIVER);
    for (const port of this.ports)
      while (this.hasControl && port.hasMessage && !queue.isEmpty) {
        const chain = queue.pop();
        if (!chain) return;
        const message = port.takeMessage();
        queue.push(chain, message ? chain.write(0, message) : 0);
      }
  }

  /** Takes the driver's messages: never more at once than an honest one can have in its queue. */
  private listen(): void {
    const queue = this.link.queue(FROM_DRIVER);
    for (let i = 0; this.hasControl && !queue.isEmpty && i < CONTROL_QUEUE_SIZE; i++) {
      const chain = queue.pop();
      if (!chain) return;
      const bytes = chain.read(0, 8);
      queue.push(chain, 0);
      if (bytes.length === 8) this.take(new DataView(bytes.buffer, bytes.byteOffset));
    }
    this.tell();
  }

  private take(message: DataView): void {
    const [event, value] = [message.getUint16(4, true), message.getUint16(6, true)];
    const port = this.ports[message.getUint32(0, true)];
    if (event === Control.deviceReady && value !== 0) for (const each of this.ports) each.announce();
    else port?.control(event, value);
    if (event === Control.portOpen && value !== 0) port?.onRoom();
  }
}
