import { i32, record, type Shaped, u16 } from "../state-shape.ts";

/** Event types (Linux, `input-event-codes.h`, as VIRTIO 1.2, section 5.8 says). */
export const EventType = { syn: 0x00, key: 0x01, rel: 0x02, abs: 0x03, led: 0x11, rep: 0x14 } as const;

export const EVENT_STATE = record({ type: u16, code: u16, value: i32 });
export type InputEvent = Shaped<typeof EVENT_STATE>;

/** Bytes of `virtio_input_event`: type and code of 16 bits, value of 32, little-endian. */
export const EVENT_SIZE = 8;

export function encodeEvent({ type, code, value }: InputEvent): Uint8Array {
  const bytes = new Uint8Array(EVENT_SIZE);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, type, true);
  view.setUint16(2, code, true);
  view.setInt32(4, value, true);
  return bytes;
}

export function decodeEvent(bytes: Uint8Array): InputEvent {
  const view = new DataView(bytes.buffer, bytes.byteOffset, EVENT_SIZE);
  return { type: view.getUint16(0, true), code: view.getUint16(2, true), value: view.getInt32(4, true) };
}

/** What ends a frame: the events of one moment. */
export const SYN_REPORT: InputEvent = { type: EventType.syn, code: 0, value: 0 };
