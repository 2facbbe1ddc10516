/**
 * Writing WebAssembly: function bodies as bytes; `module-builder.ts` puts the sections of a module around them.
 * (WebAssembly Core Specification 2.0, chapter 5, with the tail-call extension.)
 */

export const I32 = 0x7f;
export const I64 = 0x7e;
export const F32 = 0x7d;
export const F64 = 0x7c;
export type ValueType = typeof I32 | typeof I64 | typeof F32 | typeof F64;

/** Opcodes without immediates, by their names in the specification with `.` written as `_`. */
export const Op = {
  unreachable: 0x00,
  else: 0x05,
  end: 0x0b,
  return: 0x0f,
  drop: 0x1a,
  select: 0x1b,
  i32_eqz: 0x45,
  i32_eq: 0x46,
  i32_ne: 0x47,
  i32_lt_s: 0x48,
  i32_lt_u: 0x49,
  i32_gt_s: 0x4a,
  i32_gt_u: 0x4b,
  i32_le_s: 0x4c,
  i32_le_u: 0x4d,
  i32_ge_s: 0x4e,
  i32_ge_u: 0x4f,
  i64_eqz: 0x50,
  i64_eq: 0x51,
  i64_ne: 0x52,
  i64_lt_s: 0x53,
  i64_lt_u: 0x54,
  i64_gt_s: 0x55,
  i64_gt_u: 0x56,
  i64_le_s: 0x57,
  i64_le_u: 0x58,
  i64_ge_s: 0x59,
  i64_ge_u: 0x5a,
  f32_eq: 0x5b,
  f32_ne: 0x5c,
  f32_lt: 0x5d,
  f32_gt: 0x5e,
  f32_le: 0x5f,
  f32_ge: 0x60,
  f64_eq: 0x61,
  f64_ne: 0x62,
  f64_lt: 0x63,
  f64_gt: 0x64,
  f64_le: 0x65,
  f64_ge: 0x66,
  i32_clz: 0x67,
  i32_ctz: 0x68,
  i32_popcnt: 0x69,
  i32_add: 0x6a,
  i32_sub: 0x6b,
  i32_mul: 0x6c,
  i32_div_s: 0x6d,
  i32_div_u: 0x6e,
  i32_rem_s: 0x6f,
  i32_rem_u: 0x70,
  i32_and: 0x71,
  i32_or: 0x72,
  i32_xor: 0x73,
  i32_shl: 0x74,
  i32_shr_s: 0x75,
  i32_shr_u: 0x76,
  i32_rotl: 0x77,
  i32_rotr: 0x78,
  i64_clz: 0x79,
  i64_ctz: 0x7a,
  i64_popcnt: 0x7b,
  i64_add: 0x7c,
  i64_sub: 0x7d,
  i64_mul: 0x7e,
  i64_div_s: 0x7f,
  i64_div_u: 0x80,
  i64_rem_s: 0x81,
  i64_rem_u: 0x82,
  i64_and: 0x83,
  i64_or: 0x84,
  i64_xor: 0x85,
  i64_shl: 0x86,
  i64_shr_s: 0x87,
  i64_shr_u: 0x88,
  i64_rotl: 0x89,
  i64_rotr: 0x8a,
  f32_abs: 0x8b,
  f32_neg: 0x8c,
  f32_ceil: 0x8d,
  f32_floor: 0x8e,
  f32_trunc: 0x8f,
  f32_nearest: 0x90,
  f32_sqrt: 0x91,
  f32_add: 0x92,
  f32_sub: 0x93,
  f32_mul: 0x94,
  f32_div: 0x95,
  f32_min: 0x96,
  f32_max: 0x97,
  f32_copysign: 0x98,
  f64_abs: 0x99,
  f64_neg: 0x9a,
  f64_ceil: 0x9b,
  f64_floor: 0x9c,
  f64_trunc: 0x9d,
  f64_nearest: 0x9e,
  f64_sqrt: 0x9f,
  f64_add: 0xa0,
  f64_sub: 0xa1,
  f64_mul: 0xa2,
  f64_div: 0xa3,
  f64_min: 0xa4,
  f64_max: 0xa5,
  f64_copysign: 0xa6,
  i32_wrap_i64: 0xa7,
  i64_extend_i32_s: 0xac,
  i64_extend_i32_u: 0xad,
  f32_convert_i32_s: 0xb2,
  f32_convert_i32_u: 0xb3,
  f32_convert_i64_s: 0xb4,
  f32_convert_i64_u: 0xb5,
  f32_demote_f64: 0xb6,
  f64_convert_i32_s: 0xb7,
  f64_convert_i32_u: 0xb8,
  f64_convert_i64_s: 0xb9,
  f64_convert_i64_u: 0xba,
  f64_promote_f32: 0xbb,
  i32_reinterpret_f32: 0xbc,
  i64_reinterpret_f64: 0xbd,
  f32_reinterpret_i32: 0xbe,
  f64_reinterpret_i64: 0xbf,
  i32_extend8_s: 0xc0,
  i32_extend16_s: 0xc1,
  i64_extend8_s: 0xc2,
  i64_extend16_s: 0xc3,
  i64_extend32_s: 0xc4,
} as const;
export type OpName = keyof typeof Op;

/** Opcodes of loads and stores, by name. */
export const Memory = {
  i32_load: 0x28,
  i64_load: 0x29,
  f32_load: 0x2a,
  f64_load: 0x2b,
  i32_load8_s: 0x2c,
  i32_load8_u: 0x2d,
  i32_load16_s: 0x2e,
  i32_load16_u: 0x2f,
  i64_load8_s: 0x30,
  i64_load8_u: 0x31,
  i64_load16_s: 0x32,
  i64_load16_u: 0x33,
  i64_load32_s: 0x34,
  i64_load32_u: 0x35,
  i32_store: 0x36,
  i64_store: 0x37,
  f32_store: 0x38,
  f64_store: 0x39,
  i32_store8: 0x3a,
  i32_store16: 0x3b,
  i64_store8: 0x3c,
  i64_store16: 0x3d,
  i64_store32: 0x3e,
} as const;
export type MemoryName = keyof typeof Memory;

/** The `0xfc` conversions that saturate. */
export const Saturating = {
  i32_trunc_sat_f32_s: 0,
  i32_trunc_sat_f32_u: 1,
  i32_trunc_sat_f64_s: 2,
  i32_trunc_sat_f64_u: 3,
  i64_trunc_sat_f32_s: 4,
  i64_trunc_sat_f32_u: 5,
  i64_trunc_sat_f64_s: 6,
  i64_trunc_sat_f64_u: 7,
} as const;

/** The `0xfd` instructions on vectors without immediates. */
export const Vector = { f64x2_splat: 0x14, f64x2_relaxed_madd: 0x107 } as const;
export const EXTRACT_F64_LANE = 0x21;

/** Appends a number in LEB128. */
export function pushUnsigned(out: number[], value: number): void {
  let rest = value >>> 0;
  if (rest >= 0x80 && rest < 0x4000) {
    out.push((rest & 0x7f) | 0x80, rest >>> 7);
    return;
  }
  while (rest > 0x7f) {
    out.push((rest & 0x7f) | 0x80);
    rest >>>= 7;
  }
  out.push(rest);
}

function pushSigned(out: number[], value: bigint): void {
  let rest = value;
  for (;;) {
    const byte = Number(rest & 0x7fn);
    rest >>= 7n;
    if ((rest === 0n && (byte & 0x40) === 0) || (rest === -1n && (byte & 0x40) !== 0)) {
      out.push(byte);
      return;
    }
    out.push(byte | 0x80);
  }
}

function pushSigned32(out: number[], value: number): void {
  let rest = value | 0;
  for (;;) {
    const byte = rest & 0x7f;
    rest >>= 7;
    if ((rest === 0 && (byte & 0x40) === 0) || (rest === -1 && (byte & 0x40) !== 0)) {
      out.push(byte);
      return;
    }
    out.push(byte | 0x80);
  }
}

/** One function body. Methods append an instruction and return the body, so that code reads left to right. */
export class Code {
  readonly bytes: number[] = [];
  /** Where in `bytes` the branches are that are hardly ever taken. */
  readonly unlikely: number[] = [];
  private readonly locals: ValueType[] = [];
  private readonly parameters: number;
  /** Labels that are open: how many blocks, loops and ifs the next instruction stands in. */
  depth = 0;
  /** Length of `bytes` behind the last `i64_reinterpret_f64`. */
  private reinterpretedAt = 0;

  constructor(parameters: number) {
    this.parameters = parameters;
  }

  /** A new local variable's index. */
  local(type: ValueType): number {
    this.locals.push(type);
    return this.parameters + this.locals.length - 1;
  }

  op(name: OpName): this {
    if (name === "end") this.depth--;
    if (
      name === "f64_reinterpret_i64" &&
      this.reinterpretedAt === this.bytes.length &&
      this.bytes.length > 0
    ) {
      // What was i64_reinterpret_f64 goes back to what it was: neither is needed.
      this.bytes.pop();
      this.reinterpretedAt = 0;
      return this;
    }
    this.bytes.push(Op[name]);
    if (name === "i64_reinterpret_f64") this.reinterpretedAt = this.bytes.length;
    return this;
  }

  /** An opcode, and a number that most often takes one byte. */
  private with(opcode: number, value: number): this {
    if (value >= 0 && value < 0x80) this.bytes.push(opcode, value);
    else {
      this.bytes.push(opcode);
      pushUnsigned(this.bytes, value);
    }
    return this;
  }

  get(local: number): this {
    return this.with(0x20, local);
  }

  set(local: number): this {
    return this.with(0x21, local);
  }

  globalGet(global: number): this {
    return this.with(0x23, global);
  }

  tee(local: number): this {
    return this.with(0x22, local);
  }

  i32(value: number): this {
    return this.constant(0x41, value | 0);
  }

  /** A number has to be an integer. */
  i64(value: bigint | number): this {
    if (typeof value === "number" && value === (value | 0)) return this.constant(0x42, value);
    this.bytes.push(0x42);
    pushSigned(this.bytes, BigInt.asIntN(64, BigInt(value)));
    return this;
  }

  private constant(opcode: number, value: number): this {
    if (value >= -0x40 && value < 0x40) this.bytes.push(opcode, value & 0x7f);
    else if (value >= -0x2000 && value < 0x2000)
      this.bytes.push(opcode, (value & 0x7f) | 0x80, (value >> 7) & 0x7f);
    else {
      this.bytes.push(opcode);
      pushSigned32(this.bytes, value);
    }
    return this;
  }

  f64(value: number): this {
    this.bytes.push(0x44, ...new Uint8Array(new Float64Array([value]).buffer));
    return this;
  }

  f32(value: number): this {
    this.bytes.push(0x43, ...new Uint8Array(new Float32Array([value]).buffer));
    return this;
  }

  /** A load or store at a constant offset from the address on the stack. Alignment is never promised. */
  mem(name: MemoryName, offset = 0): this {
    this.bytes.push(Memory[name], 0);
    pushUnsigned(this.bytes, offset);
    return this;
  }

  truncate(name: keyof typeof Saturating): this {
    this.bytes.push(0xfc, Saturating[name]);
    return this;
  }

  vector(name: keyof typeof Vector): this {
    return this.with(0xfd, Vector[name]);
  }

  /** The first f64 of the vector on the stack. */
  firstF64(): this {
    this.bytes.push(0xfd, EXTRACT_F64_LANE, 0);
    return this;
  }

  if(result?: ValueType): this {
    this.depth++;
    this.bytes.push(0x04, result ?? 0x40);
    return this;
  }

  /** An `if` whose condition hardly ever holds: the compiler puts what is in it out of the way. */
  ifUnlikely(): this {
    this.unlikely.push(this.bytes.length);
    return this.if();
  }

  block(result?: ValueType): this {
    this.depth++;
    this.bytes.push(0x02, result ?? 0x40);
    return this;
  }

  /** Begins blocks at a place in `bytes` that all that was written since may leave. Returns how many bytes they take. */
  insertBlocks(at: number, count: number): number {
    const blocks: number[] = [];
    for (let i = 0; i < count; i++) blocks.push(0x02, 0x40);
    this.bytes.splice(at, 0, ...blocks);
    this.unlikely.forEach((place, i) => {
      if (place >= at) this.unlikely[i] = place + blocks.length;
    });
    this.depth += count;
    this.reinterpretedAt = 0;
    return blocks.length;
  }

  loop(): this {
    this.depth++;
    this.bytes.push(0x03, 0x40);
    return this;
  }

  br(depth: number): this {
    return this.with(0x0c, depth);
  }

  /** A jump to the label of the block or loop inside which `depth` was `level`. */
  brTo(level: number): this {
    return this.br(this.depth - level);
  }

  brIf(depth: number): this {
    return this.with(0x0d, depth);
  }

  call(functionIndex: number): this {
    return this.with(0x10, functionIndex);
  }

  /** Call through table 0; the table index is on top of the stack. */
  callIndirect(typeIndex: number): this {
    this.with(0x11, typeIndex).bytes.push(0);
    return this;
  }

  returnCall(functionIndex: number): this {
    return this.with(0x12, functionIndex);
  }

  /** Tail call through table 0; the table index is on top of the stack. */
  returnCallIndirect(typeIndex: number): this {
    this.with(0x13, typeIndex).bytes.push(0);
    return this;
  }

  /** The declarations of the locals, with which the body begins. */
  private head(): number[] {
    const head: number[] = [];
    pushUnsigned(head, this.locals.length);
    for (const type of this.locals) head.push(1, type);
    return head;
  }

  /** The hints of the unlikely branches, as the section for them has them (WebAssembly proposal "branch hinting"). */
  encodeHints(): number[] {
    const head = this.head().length;
    const out: number[] = [];
    pushUnsigned(out, this.unlikely.length);
    for (const at of this.unlikely) {
      pushUnsigned(out, head + at);
      out.push(1, 0);
    }
    return out;
  }

  /** The body as the code section holds it, its size first, in parts that follow each other. */
  encode(): (readonly number[])[] {
    const head = this.head();
    const size: number[] = [];
    pushUnsigned(size, head.length + this.bytes.length + 1);
    return [size, head, this.bytes, [Op.end]];
  }
}
