/** What a device tells of itself. */
export interface InputIdentity {
  readonly name: string;
  readonly serial: string;
  /** BUS_VIRTUAL, vendor, product, version. */
  readonly ids: readonly [number, number, number, number];
  /** Codes that the device has of each event type. */
  readonly codes: Readonly<Record<number, readonly number[]>>;
  /** Least and greatest value of each axis. */
  readonly axes: Readonly<Record<number, readonly [number, number]>>;
}

const Select = { name: 0x01, serial: 0x02, ids: 0x03, properties: 0x10, codes: 0x11, axis: 0x12 } as const;
/** Bytes of select, subsel, size and padding, and of the data behind them. */
const DATA_OFFSET = 8;
const DATA_SIZE = 128;

/** Configuration space: the driver writes `select` and `subsel` and reads `size` bytes of data (VIRTIO 1.2, section 5.8.4). */
export class InputConfig {
  private readonly identity: InputIdentity;
  select = 0;
  subsel = 0;

  constructor(identity: InputIdentity) {
    this.identity = identity;
  }

  read(): Uint8Array {
    const data = this.data().subarray(0, DATA_SIZE);
    const config = new Uint8Array(DATA_OFFSET + DATA_SIZE);
    config.set([this.select, this.subsel, data.length]);
    config.set(data, DATA_OFFSET);
    return config;
  }

  /** Only select (offset 0) and subsel (1) may be written. */
  write(offset: number, bytes: Uint8Array): void {
    for (const [i, byte] of bytes.entries()) {
      if (offset + i === 0) this.select = byte;
      if (offset + i === 1) this.subsel = byte;
    }
  }

  private data(): Uint8Array {
    const { identity, select, subsel } = this;
    if (select === Select.codes) return bitmap(identity.codes[subsel] ?? []);
    if (select === Select.axis) return axis(identity.axes[subsel]);
    if (subsel !== 0) return new Uint8Array(0);
    if (select === Select.name) return new TextEncoder().encode(identity.name);
    if (select === Select.serial) return new TextEncoder().encode(identity.serial);
    if (select === Select.ids) return new Uint8Array(Uint16Array.from(identity.ids).buffer);
    return new Uint8Array(0);
  }
}

/** A bit for each code, as many bytes as there are up to the last. */
function bitmap(codes: readonly number[]): Uint8Array {
  const bits = new Uint8Array(codes.length === 0 ? 0 : (Math.max(...codes) >> 3) + 1);
  for (const code of codes) bits[code >> 3] |= 1 << (code & 7);
  return bits;
}

/** `virtio_input_absinfo`: least, greatest, fuzz, flat, resolution. */
function axis(range: readonly [number, number] | undefined): Uint8Array {
  return range ? new Uint8Array(Uint32Array.of(range[0], range[1], 0, 0, 0).buffer) : new Uint8Array(0);
}
