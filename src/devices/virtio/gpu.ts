import type { HostWork } from "../host-work.ts";
import { integer, must, optional, record, type Shaped, u32 } from "../state-shape.ts";
import type { Chain, VirtioDevice, VirtioLink } from "./device.ts";
import { CURSOR_STATE, GpuCursor } from "./gpu-cursor.ts";
import { EDID_SIZE, edid, MAX_SCREEN_EXTENT } from "./gpu-edid.ts";
import {
  GPU_HEADER_SIZE,
  GPU_LONGEST_REQUEST,
  GPU_REQUEST_SIZE,
  GpuCommand,
  GpuResponse,
  gpuResponse,
  RECT_STATE,
  type Rect,
  rectAt,
} from "./gpu-protocol.ts";
import { BYTES_PER_PIXEL, MAX_PIECES, MAX_PIXEL_BYTES } from "./gpu-resource.ts";
import { GpuResources, MEM_ENTRY_SIZE, RESOURCES_STATE } from "./gpu-resources.ts";

const CONTROL_QUEUE = 0;
const QUEUE_SIZES = [64, 16];
const FEATURE_EDID = 1n << 1n;
const NO_FEATURES = 0n;
/** Bytes of a DISPLAY_INFO: a rectangle, `enabled` and flags for each of 16 scanouts. */
const DISPLAY_INFO_SIZE = 16 * 24;
/** Bytes of an EDID response's data: size, padding, and room for blocks. */
const EDID_RESPONSE_SIZE = 8 + 1024;
/** Bytes that requests may move before the harts go on; the rest of the queue is served after that. */
const TURN_BYTES = 32 * 1024 * 1024;

export interface Screenshot {
  /** In pixels. */
  readonly width: number;
  readonly height: number;
  /** Red, green, blue, alpha (255), row by row from the top. */
  readonly rgba: Uint8Array;
}

const SCANOUT_STATE = record({ resource: u32, rect: RECT_STATE });
type Scanout = Shaped<typeof SCANOUT_STATE>;

const STATE = record({
  resources: RESOURCES_STATE,
  scanout: optional(SCANOUT_STATE),
  cursor: CURSOR_STATE,
  moved: integer(0, TURN_BYTES + 2 * MAX_PIXEL_BYTES),
});
export type GpuState = Shaped<typeof STATE>;

/**
 * virtio-gpu without 3D (VIRTIO 1.2, section 5.7): one screen that shows a part of one of the pictures that the driver
 * fills from its memory, and a cursor. Pictures live on the host, in bounded number and size.
 */
export class GpuDevice implements VirtioDevice<GpuState> {
  readonly name = "virtio-gpu";
  readonly type = 16;
  readonly features = FEATURE_EDID;
  readonly queueSizes = QUEUE_SIZES;
  private readonly work: HostWork;
  private readonly width: number;
  private readonly height: number;
  private link: VirtioLink | undefined;
  private readonly resources = new GpuResources();
  private readonly cursor = new GpuCursor();
  private scanout: Scanout | undefined;
  /** Bytes moved in this turn. */
  private moved = 0;
  private isDeferred = false;

  /** The screen that drivers are told of, in pixels: 1 to 4095 in each direction. Throws a RangeError. */
  constructor(work: HostWork, { width = 1280, height = 800 }: { width?: number; height?: number } = {}) {
    for (const extent of [width, height]) {
      if (!Number.isInteger(extent) || extent < 1 || extent > MAX_SCREEN_EXTENT)
        throw new RangeError(`a screen of ${width} x ${height} pixels`);
    }
    this.work = work;
    this.width = width;
    this.height = height;
  }

  connect(link: VirtioLink): void {
    this.link = link;
  }

  /** events_read, events_clear, num_scanouts, num_capsets. */
  config(): Uint8Array {
    const config = new Uint8Array(16);
    config[8] = 1;
    return config;
  }

  /** Only events_clear may be written, and there are no events: the screen does not change. */
  writeConfig(): void {}

  start(): void {}

  reset(): void {
    this.resources.clear();
    this.cursor.reset();
    this.scanout = undefined;
  }

  notify(queue: number): void {
    if (!this.isDeferred) this.serve(queue);
  }

  /** What the screen shows now, the cursor included; undefined while the driver has it off. */
  screenshot(): Screenshot | undefined {
    const { scanout } = this;
    const shown = scanout && this.resources.get(scanout.resource);
    if (!shown) return undefined;
    const { width, height } = scanout.rect;
    const rgba = shown.rgba(scanout.rect);
    for (let at = 3; at < rgba.length; at += BYTES_PER_PIXEL) rgba[at] = 0xff;
    this.cursor.drawOn(rgba, scanout.rect);
    return { width, height, rgba };
  }

  save(): GpuState {
    const { resources, scanout, cursor, moved } = this;
    return { resources: resources.save(), scanout, cursor: cursor.save(), moved };
  }

  restore(state: GpuState): void {
    const { resources, scanout, cursor, moved } = STATE(state);
    this.resources.restore(resources);
    must(!scanout || this.resources.get(scanout.resource)?.contains(scanout.rect) === true);
    this.scanout = scanout;
    this.moved = moved;
    this.cursor.restore(cursor);
  }

  /** No hart runs meanwhile: more chains than the ring has entries mean that it lies where responses go. */
  private serve(index: number): void {
    const queue = this.link?.queue(index);
    if (!queue) return;
    for (let left = QUEUE_SIZES[index]; this.moved < TURN_BYTES; left--) {
      const chain = queue.pop();
      if (!chain) return;
      if (left === 0) {
        this.link?.fail();
        return;
      }
      const response = this.execute(chain);
      queue.push(chain, chain.write(0, new Uint8Array(response.buffer)));
    }
    this.defer();
  }

  private defer(): void {
    this.isDeferred = true;
    const goOn = () => {
      this.isDeferred = false;
      this.moved = 0;
      for (let index = CONTROL_QUEUE; index < QUEUE_SIZES.length; index++) this.notify(index);
    };
    this.work.follow(Promise.resolve(), goOn, goOn);
  }

  private execute(chain: Chain): DataView {
    const bytes = chain.read(0, GPU_LONGEST_REQUEST);
    const request = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    if (bytes.length < GPU_HEADER_SIZE) return gpuResponse(request, GpuResponse.invalidParameter);
    const command = request.getUint32(0, true);
    const size = GPU_REQUEST_SIZE[command];
    if (size === undefined) return gpuResponse(request, GpuResponse.unspecified);
    if (bytes.length < size) return gpuResponse(request, GpuResponse.invalidParameter);
    if (command === GpuCommand.getDisplayInfo) return this.displayInfo(request);
    if (command === GpuCommand.getEdid) return this.edid(request);
    return gpuResponse(request, this.perform(command, request, chain));
  }

  private displayInfo(request: DataView): DataView {
    const response = gpuResponse(request, GpuResponse.okDisplayInfo, DISPLAY_INFO_SIZE);
    response.setUint32(GPU_HEADER_SIZE + 8, this.width, true);
    response.setUint32(GPU_HEADER_SIZE + 12, this.height, true);
    response.setUint32(GPU_HEADER_SIZE + 16, 1, true);
    return response;
  }

  private edid(request: DataView): DataView {
    const agreed = this.link?.features ?? NO_FEATURES;
    if ((agreed & FEATURE_EDID) === 0n) return gpuResponse(request, GpuResponse.unspecified);
    if (request.getUint32(24, true) !== 0) return gpuResponse(request, GpuResponse.invalidScanout);
    const response = gpuResponse(request, GpuResponse.okEdid, EDID_RESPONSE_SIZE);
    response.setUint32(GPU_HEADER_SIZE, EDID_SIZE, true);
    new Uint8Array(response.buffer).set(edid(this.width, this.height), GPU_HEADER_SIZE + 8);
    return response;
  }

  /** Requests whose answer is a code alone. */
  private perform(command: number, request: DataView, chain: Chain): number {
    const word = (offset: number) => request.getUint32(offset, true);
    switch (command) {
      case GpuCommand.resourceCreate2d:
        return this.create(word(24), word(28), word(32), word(36));
      case GpuCommand.resourceUnref:
        if (word(24) === this.scanout?.resource) this.scanout = undefined;
        return this.resources.unref(word(24));
      case GpuCommand.setScanout:
        return this.setScanout(rectAt(request, 24), word(40), word(44));
      case GpuCommand.resourceFlush:
        return this.flush(rectAt(request, 24), word(40));
      case GpuCommand.transferToHost2d:
        return this.transfer(rectAt(request, 24), Number(request.getBigUint64(40, true)), word(48));
      case GpuCommand.resourceAttachBacking:
        return this.attach(word(24), word(28), chain);
      case GpuCommand.resourceDetachBacking:
        return this.resources.detach(word(24));
      default:
        return this.setCursor(command, request);
    }
  }

  /** Memory taken counts as moved, so that a driver cannot take it faster than it is collected. */
  private create(resource: number, format: number, width: number, height: number): number {
    const code = this.resources.create(resource, format, width, height);
    if (code === GpuResponse.okNoData) this.moved += width * height * BYTES_PER_PIXEL;
    return code;
  }

  private setScanout(rect: Rect, scanout: number, resource: number): number {
    if (scanout !== 0) return GpuResponse.invalidScanout;
    if (resource === 0) {
      this.scanout = undefined;
      return GpuResponse.okNoData;
    }
    const picture = this.resources.get(resource);
    if (!picture) return GpuResponse.invalidResource;
    if (!picture.contains(rect)) return GpuResponse.invalidParameter;
    this.scanout = { resource, rect };
    return GpuResponse.okNoData;
  }

  /** The screen is looked at only on request, and then shows the picture as it is. */
  private flush(rect: Rect, resource: number): number {
    const picture = this.resources.get(resource);
    if (!picture) return GpuResponse.invalidResource;
    return picture.contains(rect) ? GpuResponse.okNoData : GpuResponse.invalidParameter;
  }

  private transfer(rect: Rect, offset: number, resource: number): number {
    const picture = this.resources.get(resource);
    if (!picture || !this.link) return GpuResponse.invalidResource;
    if (!picture.backing) return GpuResponse.unspecified;
    if (!picture.contains(rect)) return GpuResponse.invalidParameter;
    picture.transfer(this.link.memory, rect, offset);
    this.moved += rect.width * rect.height * BYTES_PER_PIXEL + picture.pieces * MEM_ENTRY_SIZE;
    return GpuResponse.okNoData;
  }

  private attach(resource: number, count: number, chain: Chain): number {
    if (count > MAX_PIECES) return GpuResponse.outOfMemory;
    const length = count * MEM_ENTRY_SIZE;
    const bytes = chain.read(GPU_REQUEST_SIZE[GpuCommand.resourceAttachBacking], length);
    if (bytes.length < length || !this.link) return GpuResponse.invalidParameter;
    this.moved += length;
    const entries = new DataView(bytes.buffer, bytes.byteOffset, length);
    return this.resources.attach(resource, entries, this.link.memory);
  }

  private setCursor(command: number, request: DataView): number {
    const word = (offset: number) => request.getUint32(offset, true);
    if (word(24) !== 0) return GpuResponse.invalidScanout;
    const picture = this.resources.get(word(40));
    if (command === GpuCommand.updateCursor) {
      if (word(40) === 0) this.cursor.hide();
      else if (!picture) return GpuResponse.invalidResource;
      else if (!this.cursor.show(picture)) return GpuResponse.invalidParameter;
    }
    this.cursor.moveTo(word(28), word(32));
    return GpuResponse.okNoData;
  }
}
