import { EXTRACT_F64_LANE, F32, F64, I32, I64, Memory, Op, Saturating, Vector } from "./encoder.ts";

/** A line of a function's text. */
export interface TextLine {
  /** Where its bytes begin, from the end of the declarations of the locals. */
  readonly at: number;
  /** Blocks, loops and ifs that it stands in. */
  readonly depth: number;
  readonly text: string;
}

export interface FunctionText {
  readonly parameters: readonly string[];
  /** Types of the locals behind the parameters. */
  readonly locals: readonly string[];
  readonly lines: readonly TextLine[];
}

/** What a local is called; `undefined`: by its number. */
export type LocalName = (index: number) => string | undefined;

/**
 * The functions of a module that `encoder.ts` wrote, in the text format (WebAssembly Core Specification 2.0, chapter 6)
 * without what the encoder has no choice in: types of calls, alignments. An `if` that is said to be hardly ever taken is
 * marked as unlikely. Throws `Error` where something stands that the encoder does not write.
 */
export function functionTexts(module: Uint8Array, nameOf: LocalName = () => undefined): FunctionText[] {
  return new ModuleReader(module).functions(nameOf);
}

const TYPES: Record<number, string> = { [I32]: "i32", [I64]: "i64", [F32]: "f32", [F64]: "f64" };
const NO_RESULT = 0x40;

/** `i32_trunc_sat_f32_s` is written `i32.trunc_sat_f32_s`. */
const inText = (name: string) => name.replace("_", ".");
const byCode = (names: Readonly<Record<string, number>>) =>
  new Map(Object.entries(names).map(([name, code]) => [code, inText(name)]));
const PLAIN = byCode(Op);
const MEMORY = byCode(Memory);
const SATURATING = byCode(Saturating);
const VECTOR = byCode(Vector);

class Reader {
  at = 0;
  readonly bytes: Uint8Array;
  private readonly view: DataView;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  get isAtEnd(): boolean {
    return this.at >= this.bytes.length;
  }

  byte(): number {
    return this.view.getUint8(this.at++);
  }

  unsigned(): number {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.byte();
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value >>> 0;
    }
  }

  signed(): bigint {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = this.byte();
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt.asIntN(Number(shift) + 7, value);
    }
  }

  /** A number of that many bytes, as the text format has it. */
  float(size: 4 | 8): string {
    const value = size === 4 ? this.view.getFloat32(this.at, true) : this.view.getFloat64(this.at, true);
    this.at += size;
    if (Object.is(value, -0)) return "-0";
    return String(value).replace("Infinity", "inf").replace("NaN", "nan");
  }

  take(length: number): Uint8Array {
    this.at += length;
    return this.bytes.subarray(this.at - length, this.at);
  }

  list<T>(item: () => T): T[] {
    return Array.from({ length: this.unsigned() }, item);
  }

  name(): string {
    return new TextDecoder().decode(this.take(this.unsigned()));
  }

  type(): string {
    return typeName(this.byte());
  }
}

function typeName(code: number): string {
  const name = TYPES[code];
  if (name === undefined) throw new Error(`no type has the code ${code}`);
  return name;
}

/** The sections that names and types stand in, and the bodies. */
class ModuleReader {
  private readonly sections = new Map<number, Uint8Array>();

  constructor(module: Uint8Array) {
    const reader = new Reader(module);
    reader.take(8);
    while (!reader.isAtEnd) {
      const id = reader.byte();
      this.sections.set(id, reader.take(reader.unsigned()));
    }
  }

  functions(nameOf: LocalName): FunctionText[] {
    const types = this.types();
    const imports = this.imports();
    const unlikely = this.hints();
    const declared = this.section(3);
    const typeOf = declared.list(() => declared.unsigned());
    const code = this.section(10);
    return code
      .list(() => code.take(code.unsigned()))
      .map((body, i) => {
        const reader = new Reader(body);
        const locals = reader.list(() => new Array<string>(reader.unsigned()).fill(reader.type())).flat();
        const head = reader.at;
        const hints = (unlikely.get(imports.functions.length + i) ?? []).map((at) => at - head);
        const lines = [...new BodyReader(body.subarray(head, -1), imports, new Set(hints), nameOf).lines()];
        return { parameters: types[typeOf[i]], locals, lines };
      });
  }

  private section(id: number): Reader {
    return new Reader(this.sections.get(id) ?? Uint8Array.of(0));
  }

  /** The parameters of each type. */
  private types(): string[][] {
    const reader = this.section(1);
    return reader.list(() => {
      reader.byte();
      const parameters = reader.list(() => reader.type());
      reader.list(() => reader.type());
      return parameters;
    });
  }

  private imports(): Imports {
    const reader = this.section(2);
    const found: { functions: string[]; globals: string[] } = { functions: [], globals: [] };
    reader.list(() => {
      reader.name();
      const name = reader.name();
      const kind = reader.byte();
      if (kind === 0) {
        found.functions.push(name);
        reader.unsigned();
      } else if (kind === 3) {
        found.globals.push(name);
        reader.take(2);
      } else {
        reader.byte();
        reader.unsigned();
        reader.unsigned();
      }
    });
    return found;
  }

  /** By function, where the unlikely branches are in its body. */
  private hints(): Map<number, number[]> {
    const reader = this.section(0);
    if (reader.isAtEnd || reader.name() !== "metadata.code.branch_hint") return new Map();
    return new Map(
      reader.list((): [number, number[]] => [
        reader.unsigned(),
        reader.list(() => {
          const at = reader.unsigned();
          reader.take(2);
          return at;
        }),
      ]),
    );
  }
}

interface Imports {
  readonly functions: readonly string[];
  readonly globals: readonly string[];
}

/** The instructions of one body. Labels are called by the order in which they are opened. */
class BodyReader {
  private readonly reader: Reader;
  private readonly imports: Imports;
  private readonly unlikely: ReadonlySet<number>;
  private readonly nameOf: LocalName;
  private readonly labels: string[] = [];
  private opened = 0;

  constructor(code: Uint8Array, imports: Imports, unlikely: ReadonlySet<number>, nameOf: LocalName) {
    this.reader = new Reader(code);
    this.imports = imports;
    this.unlikely = unlikely;
    this.nameOf = nameOf;
  }

  *lines(): Generator<TextLine> {
    const { reader, labels, unlikely } = this;
    while (!reader.isAtEnd) {
      const { at } = reader;
      const code = reader.byte();
      const before = labels.length;
      const text = this.instruction(code);
      const depth = code === Op.else ? before - 1 : Math.min(before, labels.length);
      yield { at, depth, text: unlikely.has(at) ? `${text}  ;; unlikely` : text };
    }
  }

  private instruction(code: number): string {
    const { reader } = this;
    const memory = MEMORY.get(code);
    if (memory !== undefined) {
      reader.unsigned();
      const offset = reader.unsigned();
      return offset === 0 ? memory : `${memory} offset=${offset}`;
    }
    switch (code) {
      case 0x02:
        return this.open("block");
      case 0x03:
        return this.open("loop");
      case 0x04:
        return this.open("if");
      case Op.end:
        this.labels.pop();
        return "end";
      case 0x0c:
        return `br ${this.label()}`;
      case 0x0d:
        return `br_if ${this.label()}`;
      case 0x10:
        return `call ${this.function()}`;
      case 0x12:
        return `return_call ${this.function()}`;
      case 0x11:
        return `call_indirect ${this.tableType()}`;
      case 0x13:
        return `return_call_indirect ${this.tableType()}`;
      case 0x20:
        return `local.get ${this.local()}`;
      case 0x21:
        return `local.set ${this.local()}`;
      case 0x22:
        return `local.tee ${this.local()}`;
      case 0x23: {
        const global = reader.unsigned();
        return `global.get ${dollar(this.imports.globals[global]) ?? global}`;
      }
      case 0x41:
        return `i32.const ${reader.signed()}`;
      case 0x42:
        return `i64.const ${reader.signed()}`;
      case 0x43:
        return `f32.const ${reader.float(4)}`;
      case 0x44:
        return `f64.const ${reader.float(8)}`;
    }
    if (code === 0xfd) return this.vector();
    const text = code === 0xfc ? SATURATING.get(reader.unsigned()) : PLAIN.get(code);
    if (text === undefined) throw new Error(`no instruction has the opcode ${code}`);
    return text;
  }

  private vector(): string {
    const { reader } = this;
    const code = reader.unsigned();
    if (code === EXTRACT_F64_LANE) return `f64x2.extract_lane ${reader.byte()}`;
    const text = VECTOR.get(code);
    if (text === undefined) throw new Error(`no vector instruction has the opcode ${code}`);
    return text;
  }

  private open(what: string): string {
    const result = this.reader.byte();
    const label = `$${++this.opened}`;
    this.labels.push(label);
    return result === NO_RESULT ? `${what} ${label}` : `${what} ${label} (result ${typeName(result)})`;
  }

  /** A label that is not open is the function's own. */
  private label(): string {
    const depth = this.reader.unsigned();
    return this.labels[this.labels.length - 1 - depth] ?? String(depth);
  }

  private tableType(): string {
    const type = this.reader.unsigned();
    this.reader.unsigned();
    return `(type ${type})`;
  }

  private function(): string {
    const index = this.reader.unsigned();
    return dollar(this.imports.functions[index]) ?? String(index);
  }

  private local(): string {
    const index = this.reader.unsigned();
    return dollar(this.nameOf(index)) ?? String(index);
  }
}

const dollar = (name: string | undefined) => (name === undefined ? undefined : `$${name}`);
