import { flag, integer, listOf, record, type Shaped, u8 } from "../state-shape.ts";
import type { VirtioDevice, VirtioLink } from "./device.ts";
import { InputConfig, type InputIdentity } from "./input-config.ts";
import {
  decodeEvent,
  EVENT_SIZE,
  EVENT_STATE,
  EventType,
  encodeEvent,
  type InputEvent,
  SYN_REPORT,
} from "./input-events.ts";

const EVENT_QUEUE = 0;
const STATUS_QUEUE = 1;
const QUEUE_SIZES = [64, 64];
/** Events that wait for a driver that does not fetch them. */
export const MAX_WAITING_EVENTS = 4096;

const STATE = record({
  isStarted: flag,
  select: u8,
  subsel: u8,
  leds: integer(0, 7),
  waiting: listOf(EVENT_STATE, 0, MAX_WAITING_EVENTS),
});
export type InputState = Shaped<typeof STATE>;

/** virtio-input (VIRTIO 1.2, section 5.8), whatever it is that is pressed and moved. */
export class InputDevice implements VirtioDevice<InputState> {
  readonly name: string;
  readonly type = 18;
  readonly features = 0n;
  readonly queueSizes = QUEUE_SIZES;
  /** Lamps that the driver has lit: bit 0 num lock, 1 caps lock, 2 scroll lock. */
  leds = 0;
  private readonly configuration: InputConfig;
  private link: VirtioLink | undefined;
  private isStarted = false;
  private waiting: InputEvent[] = [];

  constructor(name: string, identity: InputIdentity) {
    this.name = name;
    this.configuration = new InputConfig(identity);
  }

  connect(link: VirtioLink): void {
    this.link = link;
  }

  config(): Uint8Array {
    return this.configuration.read();
  }

  writeConfig(offset: number, bytes: Uint8Array): void {
    this.configuration.write(offset, bytes);
  }

  start(): void {
    this.isStarted = true;
  }

  reset(): void {
    this.isStarted = false;
    this.leds = 0;
    this.waiting = [];
    this.configuration.select = 0;
    this.configuration.subsel = 0;
  }

  notify(queue: number): void {
    if (queue === EVENT_QUEUE) this.deliver();
    else if (queue === STATUS_QUEUE) this.readStatus();
  }

  save(): InputState {
    const { select, subsel } = this.configuration;
    return { isStarted: this.isStarted, select, subsel, leds: this.leds, waiting: [...this.waiting] };
  }

  restore(state: InputState): void {
    const { isStarted, select, subsel, leds, waiting } = STATE(state);
    this.isStarted = isStarted;
    this.configuration.select = select;
    this.configuration.subsel = subsel;
    this.leds = leds;
    this.waiting = [...waiting];
  }

  /**
   * Events of one moment. Before a driver has started the device they are lost; when too many wait, the oldest frames
   * are.
   */
  protected report(...events: InputEvent[]): void {
    if (!this.isStarted) return;
    this.waiting.push(...events, SYN_REPORT);
    while (this.waiting.length > MAX_WAITING_EVENTS) this.dropFrame();
    this.deliver();
  }

  private dropFrame(): void {
    const end = this.waiting.findIndex(({ type }) => type === EventType.syn);
    this.waiting.splice(0, end + 1);
  }

  /** An event a buffer. */
  private deliver(): void {
    const queue = this.link?.queue(EVENT_QUEUE);
    let sent = 0;
    while (queue && sent < this.waiting.length) {
      const chain = queue.pop();
      if (!chain) break;
      if (chain.writable < EVENT_SIZE) {
        this.link?.fail();
        break;
      }
      queue.push(chain, chain.write(0, encodeEvent(this.waiting[sent++])));
    }
    this.waiting.splice(0, sent);
  }

  private readStatus(): void {
    const queue = this.link?.queue(STATUS_QUEUE);
    for (let chain = queue?.pop(); queue && chain; chain = queue.pop()) {
      if (chain.readable < EVENT_SIZE) {
        this.link?.fail();
        return;
      }
      const { type, code, value } = decodeEvent(chain.read(0, EVENT_SIZE));
      if (type === EventType.led && code < 3)
        this.leds = value !== 0 ? this.leds | (1 << code) : this.leds & ~(1 << code);
      queue.push(chain, 0);
    }
  }
}
