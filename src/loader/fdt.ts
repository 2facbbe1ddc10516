/** Text is NUL-terminated, numbers are 32-bit cells, bytes stand as they are, and `true` is a property without value. */
export type FdtProperty = true | string | readonly string[] | readonly number[] | Uint8Array;

/** A node of a device tree. The root's name is empty. */
export interface FdtNode {
  readonly name: string;
  /** In the order in which they are written. */
  readonly properties: { readonly [name: string]: FdtProperty };
  readonly children?: readonly FdtNode[];
}

const MAGIC = 0xd00dfeed;
const VERSION = 17;
const LAST_COMPATIBLE_VERSION = 16;
const HEADER_BYTES = 40;
/** The reservation block's terminating entry is all there is of it. */
const RESERVATION_BYTES = 16;
const Token = { beginNode: 1, endNode: 2, property: 3, end: 9 } as const;

const encoder = new TextEncoder();

/** An unsigned integer below 2^53 as two cells. */
export function cells64(value: number): [number, number] {
  return [Math.floor(value / 0x1_0000_0000), value % 0x1_0000_0000];
}

/**
 * Writes a flattened device tree (Devicetree Specification 0.4, chapter 5): header, an empty memory reservation block, the
 * structure block and the strings block.
 */
export function writeFdt(root: FdtNode): Uint8Array {
  const structure = new Block();
  const strings = new Block();
  const offsets = new Map<string, number>();

  const nameOffset = (name: string): number => {
    const known = offsets.get(name);
    if (known !== undefined) return known;
    const offset = strings.length;
    strings.text(name);
    offsets.set(name, offset);
    return offset;
  };

  const writeNode = ({ name, properties, children = [] }: FdtNode): void => {
    structure.cell(Token.beginNode);
    structure.text(name);
    structure.align();
    for (const [property, value] of Object.entries(properties)) {
      const bytes = valueBytes(value);
      structure.cell(Token.property);
      structure.cell(bytes.length);
      structure.cell(nameOffset(property));
      structure.bytes(bytes);
      structure.align();
    }
    for (const child of children) writeNode(child);
    structure.cell(Token.endNode);
  };

  writeNode(root);
  structure.cell(Token.end);
  const structureAt = HEADER_BYTES + RESERVATION_BYTES;
  const stringsAt = structureAt + structure.length;
  const header = new Block();
  header.cell(MAGIC);
  header.cell(stringsAt + strings.length);
  header.cell(structureAt);
  header.cell(stringsAt);
  header.cell(HEADER_BYTES);
  header.cell(VERSION);
  header.cell(LAST_COMPATIBLE_VERSION);
  // The boot hart's number: firmware passes the true one in a register.
  header.cell(0);
  header.cell(strings.length);
  header.cell(structure.length);
  header.bytes(new Uint8Array(RESERVATION_BYTES));
  return Uint8Array.from([...header.content, ...structure.content, ...strings.content]);
}

function valueBytes(value: FdtProperty): ArrayLike<number> {
  if (value === true) return [];
  if (value instanceof Uint8Array) return value;
  const block = new Block();
  for (const item of typeof value === "string" ? [value] : value) {
    if (typeof item === "string") block.text(item);
    else block.cell(item);
  }
  return block.content;
}

/** Bytes that grow at their end; cells are big-endian. */
class Block {
  readonly content: number[] = [];

  get length(): number {
    return this.content.length;
  }

  bytes(bytes: ArrayLike<number>): void {
    for (let i = 0; i < bytes.length; i++) this.content.push(bytes[i]);
  }

  cell(value: number): void {
    this.content.push(value >>> 24, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff);
  }

  text(text: string): void {
    this.bytes(encoder.encode(text));
    this.content.push(0);
  }

  align(): void {
    while (this.content.length % 4 !== 0) this.content.push(0);
  }
}
