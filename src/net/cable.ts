/**
 * One end of an Ethernet cable. Frames are 14 to 65,550 bytes, from the destination address on, without preamble and
 * check sequence. Whoever gives a frame away does not change it afterwards.
 */
export interface EthernetPort {
  /** Sends a frame to the other end. False: it has no room now and the frame is lost; `onRoom` will be called. */
  send(frame: Uint8Array): boolean;
  /** Set by the owner of this end: a frame arrives. False: no room for it. */
  onFrame: (frame: Uint8Array) => boolean;
  /** Set by the owner of this end: the other end, which had no room for a frame, has room again. */
  onRoom: () => void;
  /** The owner of this end, who had no room for a frame, has room again. */
  hasRoom(): void;
}

/** A cable's two ends. */
export function cable(): [EthernetPort, EthernetPort] {
  const left = new CableEnd();
  const right = new CableEnd();
  left.other = right;
  right.other = left;
  return [left, right];
}

class CableEnd implements EthernetPort {
  other: CableEnd | undefined;
  onFrame: (frame: Uint8Array) => boolean = () => true;
  onRoom: () => void = () => {};

  send(frame: Uint8Array): boolean {
    return this.other?.onFrame(frame) ?? true;
  }

  hasRoom(): void {
    this.other?.onRoom();
  }
}
