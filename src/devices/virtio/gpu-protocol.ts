import { record, type Shaped, u32 } from "../state-shape.ts";

/** What the control and cursor queues of virtio-gpu carry (VIRTIO 1.2, section 5.7.6), little-endian. */
export const GpuCommand = {
  getDisplayInfo: 0x0100,
  resourceCreate2d: 0x0101,
  resourceUnref: 0x0102,
  setScanout: 0x0103,
  resourceFlush: 0x0104,
  transferToHost2d: 0x0105,
  resourceAttachBacking: 0x0106,
  resourceDetachBacking: 0x0107,
  getEdid: 0x010a,
  updateCursor: 0x0300,
  moveCursor: 0x0301,
} as const;

export const GpuResponse = {
  okNoData: 0x1100,
  okDisplayInfo: 0x1101,
  okEdid: 0x1104,
  unspecified: 0x1200,
  outOfMemory: 0x1201,
  invalidScanout: 0x1202,
  invalidResource: 0x1203,
  invalidParameter: 0x1205,
} as const;

/** Bytes of a request, its header included. */
export const GPU_REQUEST_SIZE: Readonly<Record<number, number>> = {
  [GpuCommand.getDisplayInfo]: 24,
  [GpuCommand.resourceCreate2d]: 40,
  [GpuCommand.resourceUnref]: 32,
  [GpuCommand.setScanout]: 48,
  [GpuCommand.resourceFlush]: 48,
  [GpuCommand.transferToHost2d]: 56,
  [GpuCommand.resourceAttachBacking]: 32,
  [GpuCommand.resourceDetachBacking]: 32,
  [GpuCommand.getEdid]: 32,
  [GpuCommand.updateCursor]: 56,
  [GpuCommand.moveCursor]: 56,
};

/** No request but the list of an ATTACH_BACKING is longer. */
export const GPU_LONGEST_REQUEST = 56;

/** Bytes of `virtio_gpu_ctrl_hdr`: type, flags, fence (64 bits), context, ring and padding. */
export const GPU_HEADER_SIZE = 24;
const FLAG_FENCE = 1;

/** In pixels. */
export const RECT_STATE = record({ x: u32, y: u32, width: u32, height: u32 });
export type Rect = Shaped<typeof RECT_STATE>;

export function rectAt(request: DataView, offset: number): Rect {
  return {
    x: request.getUint32(offset, true),
    y: request.getUint32(offset + 4, true),
    width: request.getUint32(offset + 8, true),
    height: request.getUint32(offset + 12, true),
  };
}

/** A response with `extra` zero bytes after its header. A fenced request's flag, fence and context come back. */
export function gpuResponse(request: DataView, type: number, extra = 0): DataView {
  const response = new DataView(new ArrayBuffer(GPU_HEADER_SIZE + extra));
  response.setUint32(0, type, true);
  if (request.byteLength >= GPU_HEADER_SIZE && (request.getUint32(4, true) & FLAG_FENCE) !== 0) {
    response.setUint32(4, FLAG_FENCE, true);
    response.setBigUint64(8, request.getBigUint64(8, true), true);
    response.setUint32(16, request.getUint32(16, true), true);
  }
  return response;
}
