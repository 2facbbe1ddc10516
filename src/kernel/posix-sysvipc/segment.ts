import { PAGE_SIZE } from "../../cpu/sv39.ts";
import type { Thread } from "../rkprocess/thread.ts";
import type { PageFrames } from "../rkvm/page-frames.ts";
import type { MappingSpace } from "../rkvm/page-object.ts";
import { SharedMemory } from "../rkvm/shared-memory.ts";
import { IpcObject } from "./object.ts";

/** It is removed with its last attachment; its memory is locked. */
export const [SHM_DEST, SHM_LOCKED] = [0o1000, 0o2000];

/** The memory of a segment, which stays when nobody shows it, and knows how many areas do. */
export class SegmentMemory extends SharedMemory {
  attached = 0;
  /** Called when an area shows it no more. */
  onDetach: () => void = () => {};
  private readonly size: number;

  constructor(frames: PageFrames, size: number) {
    super(frames);
    this.size = size;
    this.keep();
  }

  override holds(offset = 0): boolean {
    return offset < this.size;
  }

  override retain(space: MappingSpace): void {
    super.retain(space);
    this.attached++;
  }

  override release(space: MappingSpace): void {
    super.release(space);
    this.attached--;
    this.onDetach();
  }
}

/** A shared memory segment (sysvipc(7)). */
export class Segment extends IpcObject {
  /** Bytes, as they were asked for. */
  readonly size: number;
  readonly memory: SegmentMemory;
  readonly creatorPid: number;
  lastPid = 0;
  attachedAt = 0;
  detachedAt = 0;

  constructor(thread: Thread, key: number, flags: number, size: number, memory: SegmentMemory) {
    super(thread, key, flags);
    this.size = size;
    this.memory = memory;
    this.creatorPid = thread.process.pid;
  }

  /** In pages. */
  get weight(): number {
    return Math.ceil(this.size / PAGE_SIZE);
  }

  removed(): void {
    this.memory.letGo();
  }
}
