import { cable, type EthernetPort } from "./cable.ts";

/** Addresses that a switch remembers: the one longest unheard goes first. */
const MOST_ADDRESSES = 1024;

/** An address as a key. */
const macAt = (frame: Uint8Array, at: number) => String.fromCharCode(...frame.subarray(at, at + 6));

/**
 * An Ethernet switch: machines of one process at its ports talk to each other. It learns where an address is from the
 * frames that come from there; what is for everyone, for a group, or for an address it does not know goes to every other
 * port. A port that has no room loses the frame: the others do not wait for it.
 */
export class Switch {
  private readonly ports: EthernetPort[] = [];
  private readonly places = new Map<string, EthernetPort>();

  /** The far end of a new port: what plugs into it. */
  port(): EthernetPort {
    const [inside, outside] = cable();
    this.ports.push(inside);
    inside.onFrame = (frame) => {
      this.forward(frame, inside);
      return true;
    };
    return outside;
  }

  private forward(frame: Uint8Array, from: EthernetPort): void {
    if (frame.length < 14) return;
    this.learn(macAt(frame, 6), from, (frame[6] & 1) !== 0);
    const to = (frame[0] & 1) === 0 ? this.places.get(macAt(frame, 0)) : undefined;
    if (to === from) return;
    if (to) to.send(frame);
    else for (const port of this.ports) if (port !== from) port.send(frame);
  }

  /** Groups send nothing: such a source is a forgery. */
  private learn(source: string, from: EthernetPort, isGroup: boolean): void {
    if (isGroup) return;
    this.places.delete(source);
    this.places.set(source, from);
    if (this.places.size <= MOST_ADDRESSES) return;
    for (const oldest of this.places.keys()) {
      this.places.delete(oldest);
      return;
    }
  }
}
