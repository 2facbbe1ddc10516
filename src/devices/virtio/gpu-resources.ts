import type { Dma } from "../../memory/dma.ts";
import { listOf, must, record, type Shaped, u32 } from "../state-shape.ts";
import { GpuResponse } from "./gpu-protocol.ts";
import {
  type Backing,
  BYTES_PER_PIXEL,
  GPU_RESOURCE_STATE,
  GpuResource,
  isGpuFormat,
  MAX_PIECES,
  MAX_PIXEL_BYTES,
} from "./gpu-resource.ts";

/** Pixels in each direction. */
export const MAX_EXTENT = 16384;
export const MAX_RESOURCES = 4096;
/** Bytes of `virtio_gpu_mem_entry`: address (64 bits), length, padding. */
export const MEM_ENTRY_SIZE = 16;

export const RESOURCES_STATE = listOf(record({ id: u32, resource: GPU_RESOURCE_STATE }), 0, MAX_RESOURCES);
export type GpuResourcesState = Shaped<typeof RESOURCES_STATE>;

/** The pictures that the driver has made, by the numbers that it gave them. Methods return a response code. */
export class GpuResources {
  private readonly byId = new Map<number, GpuResource>();
  private pixelBytes = 0;
  private pieces = 0;

  get(id: number): GpuResource | undefined {
    return this.byId.get(id);
  }

  create(id: number, format: number, width: number, height: number): number {
    if (id === 0 || this.byId.has(id)) return GpuResponse.invalidResource;
    if (!isGpuFormat(format) || width === 0 || height === 0) return GpuResponse.invalidParameter;
    const bytes = width * height * BYTES_PER_PIXEL;
    const fits = width <= MAX_EXTENT && height <= MAX_EXTENT && this.pixelBytes + bytes <= MAX_PIXEL_BYTES;
    if (!fits || this.byId.size >= MAX_RESOURCES) return GpuResponse.outOfMemory;
    this.byId.set(id, new GpuResource({ format, width, height }));
    this.pixelBytes += bytes;
    return GpuResponse.okNoData;
  }

  unref(id: number): number {
    const resource = this.byId.get(id);
    if (!resource) return GpuResponse.invalidResource;
    this.byId.delete(id);
    this.pixelBytes -= resource.bytes;
    this.pieces -= resource.pieces;
    return GpuResponse.okNoData;
  }

  /** `entries`: whole `virtio_gpu_mem_entry`. */
  attach(id: number, entries: DataView, memory: Dma): number {
    const resource = this.byId.get(id);
    if (!resource) return GpuResponse.invalidResource;
    if (resource.backing) return GpuResponse.unspecified;
    const backing = readBacking(entries, memory);
    if (!backing) return GpuResponse.invalidParameter;
    if (this.pieces + backing.length / 2 > MAX_PIECES) return GpuResponse.outOfMemory;
    resource.backing = backing;
    this.pieces += resource.pieces;
    return GpuResponse.okNoData;
  }

  detach(id: number): number {
    const resource = this.byId.get(id);
    if (!resource) return GpuResponse.invalidResource;
    if (!resource.backing) return GpuResponse.unspecified;
    this.pieces -= resource.pieces;
    resource.backing = undefined;
    return GpuResponse.okNoData;
  }

  clear(): void {
    this.byId.clear();
    this.pixelBytes = 0;
    this.pieces = 0;
  }

  save(): GpuResourcesState {
    return [...this.byId].map(([id, resource]) => ({ id, resource: resource.save() }));
  }

  restore(state: GpuResourcesState): void {
    this.clear();
    for (const { id, resource: saved } of state) {
      must(id !== 0 && !this.byId.has(id) && saved.width <= MAX_EXTENT && saved.height <= MAX_EXTENT);
      const resource = GpuResource.restored(saved);
      this.byId.set(id, resource);
      this.pixelBytes += resource.bytes;
      this.pieces += resource.pieces;
    }
    must(this.pixelBytes <= MAX_PIXEL_BYTES && this.pieces <= MAX_PIECES);
  }
}

/** Undefined where a piece is not RAM. */
function readBacking(entries: DataView, memory: Dma): Backing | undefined {
  const backing: number[] = [];
  for (let at = 0; at < entries.byteLength; at += MEM_ENTRY_SIZE) {
    const address = Number(entries.getBigUint64(at, true));
    const length = entries.getUint32(at + 8, true);
    if (!memory.reaches(address, length)) return undefined;
    backing.push(address, length);
  }
  return backing;
}
