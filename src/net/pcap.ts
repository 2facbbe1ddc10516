import { cable, type EthernetPort } from "./cable.ts";

/** libpcap's file format with times in nanoseconds, in little-endian. */
const MAGIC = 0xa1b2_3c4d;
const [MAJOR, MINOR] = [2, 4];
/** What tools take as a frame's largest size; frames are no longer than 65,550 bytes. */
const SNAPSHOT_LENGTH = 262_144;
const LINKTYPE_ETHERNET = 1;
const SECOND = 1_000_000_000n;

/**
 *     file      u32 magic   u16 major, minor   i32 zone   u32 accuracy   u32 snapshot length   u32 link type
 */
function fileHeader(): Uint8Array {
  const header = new Uint8Array(24);
  const view = new DataView(header.buffer);
  view.setUint32(0, MAGIC, true);
  view.setUint16(4, MAJOR, true);
  view.setUint16(6, MINOR, true);
  view.setUint32(16, SNAPSHOT_LENGTH, true);
  view.setUint32(20, LINKTYPE_ETHERNET, true);
  return header;
}

/**
 *     record    u32 seconds   u32 nanoseconds   u32 bytes here   u32 bytes on the wire   frame
 */
function record(frame: Uint8Array, time: bigint): Uint8Array {
  const bytes = new Uint8Array(16 + frame.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, Number(BigInt.asUintN(32, time / SECOND)), true);
  view.setUint32(4, Number(time % SECOND), true);
  view.setUint32(8, frame.length, true);
  view.setUint32(12, frame.length, true);
  bytes.set(frame, 16);
  return bytes;
}

/**
 * An end of a cable to use in place of `port`, which writes what goes through it in either direction as a capture file.
 * `now`: nanoseconds since 1970. Frames that find no room at their end are not in it: they arrive when they are sent
 * again, or never.
 */
export function tap(port: EthernetPort, write: (bytes: Uint8Array) => void, now: () => bigint): EthernetPort {
  const [inside, outside] = cable();
  /** Frames in the order of their sending: an answer may come while its question is still being delivered. */
  let held: { readonly frame: Uint8Array; readonly time: bigint; isTaken: boolean }[] = [];
  let depth = 0;
  const through = (to: EthernetPort) => (frame: Uint8Array) => {
    const one = { frame, time: now(), isTaken: false };
    held.push(one);
    depth++;
    one.isTaken = to.send(frame);
    depth--;
    if (depth > 0) return one.isTaken;
    for (const { frame: taken, time, isTaken } of held) if (isTaken) write(record(taken, time));
    held = [];
    return one.isTaken;
  };
  write(fileHeader());
  port.onFrame = through(inside);
  port.onRoom = () => inside.hasRoom();
  inside.onFrame = through(port);
  inside.onRoom = () => port.hasRoom();
  return outside;
}
