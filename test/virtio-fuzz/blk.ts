import { BlockDevice } from "../../src/devices/virtio/blk.ts";
import { MemoryDisk } from "../../src/machine/memory-disk.ts";
import type { Random } from "../differential/random.ts";
import { bytesOf, type Parts, type Request, type Target } from "./target.ts";

const SECTOR = 512;
const SECTORS = 1024;
const [READ, WRITE, FLUSH, GET_ID, DISCARD, WRITE_ZEROES] = [0, 1, 4, 8, 11, 13];

/** Operations end late and out of order, and some fail. Being asked for what is not on it is a finding. */
class FickleDisk extends MemoryDisk {
  isReliable = false;
  private operations = 0;

  override read(offset: number, length: number): Promise<Uint8Array> {
    this.check(offset, length);
    return this.later(() => super.read(offset, length));
  }

  override write(offset: number, bytes: Uint8Array): Promise<void> {
    const copy = bytes.slice();
    this.check(offset, bytes.length);
    return this.later(() => super.write(offset, copy));
  }

  override flush(): Promise<void> {
    return this.later(() => super.flush());
  }

  override discard(offset: number, length: number): Promise<void> {
    this.check(offset, length);
    return this.later(() => super.discard(offset, length));
  }

  override writeZeroes(offset: number, length: number): Promise<void> {
    this.check(offset, length);
    return this.later(() => super.writeZeroes(offset, length));
  }

  private check(offset: number, length: number): void {
    const isInside = offset >= 0 && length >= 0 && offset + length <= this.sizeBytes;
    if (!isInside || offset % SECTOR !== 0 || length % SECTOR !== 0)
      throw new Error(`the disk is asked for ${length} bytes at ${offset}`);
  }

  private async later<T>(action: () => Promise<T>): Promise<T> {
    const number = ++this.operations;
    for (let turns = (number * 5) % 7; turns > 0; turns--) await undefined;
    if (!this.isReliable && number % 11 === 0) throw new Error("the host's disk is broken");
    return action();
  }
}

function header(type: number, sector: number): Uint8Array {
  const view = new DataView(new ArrayBuffer(16));
  view.setUint32(0, type, true);
  view.setBigUint64(8, BigInt(sector), true);
  return new Uint8Array(view.buffer);
}

function ranges(random: Random): Uint8Array {
  const count = random.below(random.below(4) === 0 ? 20 : 3);
  const view = new DataView(new ArrayBuffer(16 * count));
  for (let at = 0; at < 16 * count; at += 16) {
    view.setBigUint64(at, BigInt(random.below(SECTORS)), true);
    view.setUint32(at + 8, random.below(32), true);
    view.setUint32(at + 12, random.below(8) === 0 ? random.below(4) : 0, true);
  }
  return new Uint8Array(view.buffer);
}

function request(random: Random): Request {
  const first = header(random.pick([READ, READ, WRITE, WRITE, FLUSH, GET_ID, DISCARD, WRITE_ZEROES, 99]), 0);
  const [type] = first;
  new DataView(first.buffer).setUint32(8, random.below(SECTORS + 2), true);
  const length = SECTOR * random.below(10);
  if (type === READ) return { queue: 0, readable: [first], writable: [length, 1] };
  if (type === GET_ID) return { queue: 0, readable: [first], writable: [20, 1] };
  const more = type === WRITE ? bytesOf(random, length) : type >= DISCARD ? ranges(random) : undefined;
  return { queue: 0, readable: more ? [first, more] : [first], writable: [1] };
}

export function blk({ work }: Parts): Target {
  const disk = new FickleDisk(SECTORS * SECTOR);
  let written = 0;
  return {
    device: new BlockDevice(disk, work, "fuzzed"),
    request,
    async works(driver, settle) {
      disk.isReliable = true;
      const bytes = new Uint8Array(SECTOR).fill(++written);
      driver.add(0, [header(WRITE, 7), bytes], [1]);
      driver.notify(0);
      await settle();
      driver.add(0, [header(READ, 7)], [SECTOR, 1]);
      driver.notify(0);
      await settle();
      disk.isReliable = false;
      const [write, read] = driver.collect(0).map((used) => used.bytes);
      return write?.[0] === 0 && read !== undefined && Buffer.compare(read.subarray(0, SECTOR), bytes) === 0;
    },
  };
}
