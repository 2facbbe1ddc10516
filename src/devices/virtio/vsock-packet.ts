/** Packets of virtio-vsock (VIRTIO 1.2, section 5.10.6), little-endian. */
export const VsockOp = {
  request: 1,
  response: 2,
  rst: 3,
  shutdown: 4,
  rw: 5,
  creditUpdate: 6,
  creditRequest: 7,
} as const;

/** The only type that streams have. */
export const TYPE_STREAM = 1;
/** Flags of SHUTDOWN: whoever sends it receives no more, sends no more. */
export const ShutdownFlag = { receive: 1, send: 2, both: 3 } as const;

/** Bytes of a header; the payload stands behind it. */
export const VSOCK_HEADER_SIZE = 44;

export interface VsockHeader {
  readonly sourceCid: bigint;
  readonly destinationCid: bigint;
  readonly sourcePort: number;
  readonly destinationPort: number;
  /** Bytes of payload. */
  readonly length: number;
  readonly type: number;
  readonly op: number;
  readonly flags: number;
  /** The sender's room for received bytes, and how many it has taken out of there, modulo 2^32. */
  readonly bufferSize: number;
  readonly forwarded: number;
}

export function encodeHeader(header: VsockHeader): Uint8Array {
  const bytes = new Uint8Array(VSOCK_HEADER_SIZE);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, header.sourceCid, true);
  view.setBigUint64(8, header.destinationCid, true);
  view.setUint32(16, header.sourcePort, true);
  view.setUint32(20, header.destinationPort, true);
  view.setUint32(24, header.length, true);
  view.setUint16(28, header.type, true);
  view.setUint16(30, header.op, true);
  view.setUint32(32, header.flags, true);
  view.setUint32(36, header.bufferSize, true);
  view.setUint32(40, header.forwarded, true);
  return bytes;
}

/** `bytes`: at least a header's. */
export function decodeHeader(bytes: Uint8Array): VsockHeader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, VSOCK_HEADER_SIZE);
  return {
    sourceCid: view.getBigUint64(0, true),
    destinationCid: view.getBigUint64(8, true),
    sourcePort: view.getUint32(16, true),
    destinationPort: view.getUint32(20, true),
    length: view.getUint32(24, true),
    type: view.getUint16(28, true),
    op: view.getUint16(30, true),
    flags: view.getUint32(32, true),
    bufferSize: view.getUint32(36, true),
    forwarded: view.getUint32(40, true),
  };
}
