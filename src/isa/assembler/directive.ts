import { asmMessages } from "../../messages/asm.ts";
import { encode } from "../pattern.ts";
import { rowByName } from "../table.ts";
import type { Cursor } from "./expression.ts";
import { littleEndian } from "./fixup.ts";
import type { Pass } from "./pass.ts";
import { defaultFlags, parseFlags, SECTION_LIMIT } from "./section.ts";
import type { Place } from "./source.ts";

type Directive = (pass: Pass, cursor: Cursor, place: Place) => void;

const names = (list: string, directive: Directive): [string, Directive][] =>
  list.split(" ").map((name) => [name, directive]);

const directives: ReadonlyMap<string, Directive> = new Map<string, Directive>([
  ...names(".byte", (pass, cursor) => data(pass, cursor, 1)),
  ...names(".half .short .hword .2byte", (pass, cursor) => data(pass, cursor, 2)),
  ...names(".word .long .int .4byte", (pass, cursor) => data(pass, cursor, 4)),
  ...names(".dword .quad .8byte", (pass, cursor) => data(pass, cursor, 8)),
  ...names(".float .single", (pass, cursor) => floats(pass, cursor, 4)),
  ...names(".double", (pass, cursor) => floats(pass, cursor, 8)),
  ...names(".ascii", (pass, cursor) => strings(pass, cursor, false)),
  ...names(".asciz .string", (pass, cursor) => strings(pass, cursor, true)),
  ...names(".align .p2align", (pass, cursor, place) => {
    align(pass, cursor, place, 2 ** pass.integer(cursor, 0, 24));
  }),
  ...names(".balign", (pass, cursor, place) => {
    const bytes = pass.integer(cursor, 0, 2 ** 24);
    if (pass.strict && (bytes & (bytes - 1)) !== 0) pass.source.fail(place, asmMessages.notPowerOfTwo(bytes));
    align(pass, cursor, place, Math.max(1, bytes));
  }),
  ...names(".space .zero .skip", (pass, cursor, place) => {
    const count = pass.integer(cursor, 0, SECTION_LIMIT);
    pass.fill(count, cursor.accept(",") ? pass.integer(cursor, -128, 255) & 0xff : 0, place);
  }),
  [".fill", fill],
  ...names(".equ .set", (pass, cursor) => {
    const place = cursor.token;
    const name = cursor.name();
    cursor.expect(",");
    pass.define(name, pass.evaluate(cursor.expression()), place);
  }),
  ...names(".globl .global .weak", (pass, cursor) => {
    do pass.describe(cursor.name()).global = true;
    while (cursor.accept(","));
  }),
  [".text", (pass) => void pass.useSection(".text", undefined)],
  [".data", (pass) => void pass.useSection(".data", undefined)],
  [".bss", (pass) => void pass.useSection(".bss", undefined)],
  [".rodata", (pass) => void pass.useSection(".rodata", undefined)],
  [".previous", (pass) => pass.swapSection()],
  [".section", section],
  [".type", type],
  [
    ".size",
    (pass, cursor) => {
      const details = pass.describe(cursor.name());
      cursor.expect(",");
      details.size = { section: null, value: pass.number(cursor.expression()), known: true };
    },
  ],
  [".option", option],
  ...names(".comm .lcomm", common),
  // Said for other tools: nothing here depends on them.
  ...names(".file .ident .attribute .local .hidden .protected .internal .loc .addrsig", ignore),
]);

/** Does a directive. `name` has its dot. */
export function assembleDirective(pass: Pass, name: string, cursor: Cursor, place: Place): void {
  const directive = name.startsWith(".cfi_") ? ignore : directives.get(name);
  if (directive === undefined) pass.source.fail(place, asmMessages.unknownDirective(name));
  directive(pass, cursor, place);
  cursor.expectEnd();
}

function ignore(_pass: Pass, cursor: Cursor): void {
  while (!cursor.done) cursor.next();
}

function data(pass: Pass, cursor: Cursor, size: number): void {
  if (cursor.done) return;
  do {
    const place = cursor.token;
    const value = pass.evaluate(cursor.expression());
    if (value.section !== null) {
      pass.fixup("data", value, place, size);
      continue;
    }
    const bits = BigInt(size * 8);
    const low = -(1n << (bits - 1n));
    const high = (1n << bits) - 1n;
    if (pass.strict && (value.value < low || value.value > high))
      pass.source.fail(place, asmMessages.outOfRange(String(value.value), String(low), String(high)));
    pass.emit(littleEndian(BigInt.asUintN(64, value.value), size), place);
  } while (cursor.accept(","));
}

function floats(pass: Pass, cursor: Cursor, size: 4 | 8): void {
  do {
    const place = cursor.token;
    const sign = cursor.accept("-") ? -1 : 1;
    cursor.accept("+");
    const { kind, text } = cursor.next();
    const number = /^(inf|infinity)$/i.test(text)
      ? Infinity
      : Number(/^nan$/i.test(text) ? Number.NaN : text);
    if (kind === "end" || (Number.isNaN(number) && !/^nan$/i.test(text)))
      pass.source.fail(place, asmMessages.expectedFloat(text));
    const bytes = new Uint8Array(size);
    const view = new DataView(bytes.buffer);
    if (size === 4) view.setFloat32(0, sign * number, true);
    else view.setFloat64(0, sign * number, true);
    pass.emit(bytes, place);
  } while (cursor.accept(","));
}

function strings(pass: Pass, cursor: Cursor, terminated: boolean): void {
  do {
    const token = cursor.token;
    if (token.kind !== "string") cursor.fail(asmMessages.expectedString(token.text));
    cursor.next();
    pass.emit(token.bytes, token);
    if (terminated) pass.fill(1, 0, token);
  } while (cursor.accept(","));
}

/** Code is padded with `nop`s, data with zeroes, unless a fill byte is given. */
function align(pass: Pass, cursor: Cursor, place: Place, bytes: number): void {
  const fillByte = cursor.accept(",") && !cursor.is(",") ? pass.integer(cursor, -128, 255) & 0xff : undefined;
  const limit = cursor.accept(",") ? pass.integer(cursor, 0, SECTION_LIMIT) : SECTION_LIMIT;
  const { section } = pass;
  section.align = Math.max(section.align, bytes);
  const padding = (bytes - (section.size % bytes)) % bytes;
  if (padding > limit) return;
  if (fillByte !== undefined || !section.executable) {
    pass.fill(padding, fillByte ?? 0, place);
    return;
  }
  pass.fill(padding % 2, 0, place);
  if (padding % 4 >= 2) pass.emit(nop("c.nop"), place);
  for (let left = padding >> 2; left > 0; left--) pass.emit(nop("addi"), place);
}

function nop(name: "c.nop" | "addi"): Uint8Array {
  return littleEndian(BigInt(encode(rowByName(name)!, {})), name === "addi" ? 4 : 2);
}

/** `.fill count, size, value` */
function fill(pass: Pass, cursor: Cursor, place: Place): void {
  const count = pass.integer(cursor, 0, SECTION_LIMIT);
  const size = cursor.accept(",") ? pass.integer(cursor, 0, 8) : 1;
  const value = cursor.accept(",") ? pass.number(cursor.expression()) : 0n;
  const bytes = littleEndian(BigInt.asUintN(64, value), size);
  if (value === 0n) pass.fill(count * size, 0, place);
  else for (let i = 0; i < count; i++) pass.emit(bytes, place);
}

/** `.section name[, "flags"[, @type[, …]]]` */
function section(pass: Pass, cursor: Cursor, place: Place): void {
  let name = "";
  if (cursor.token.kind === "string") name = new TextDecoder().decode(cursor.next().bytes);
  else while (!cursor.done && !cursor.is(",")) name += cursor.next().text;
  if (name === "") pass.source.fail(place, asmMessages.expectedName(""));
  let flags = defaultFlags(name);
  if (cursor.accept(",")) {
    const token = cursor.next();
    if (token.kind !== "string") pass.source.fail(token, asmMessages.expectedString(token.text));
    const zeroes =
      cursor.accept(",") && (cursor.accept("@") || cursor.accept("%")) && cursor.name() === "nobits";
    flags = parseFlags(new TextDecoder().decode(token.bytes), zeroes);
    ignore(pass, cursor);
  }
  pass.useSection(name, flags);
}

/** `.type symbol, @function` */
function type(pass: Pass, cursor: Cursor): void {
  const details = pass.describe(cursor.name());
  cursor.expect(",");
  if (!cursor.accept("@")) cursor.accept("%");
  const { text } = cursor.next();
  const kind = text.replace(/"/g, "").toLowerCase();
  if (kind === "function" || kind === "stt_func") details.type = "function";
  else if (kind === "object" || kind === "stt_object") details.type = "object";
}

function option(pass: Pass, cursor: Cursor): void {
  const place = cursor.token;
  const name = cursor.name();
  if (name === "rvc") pass.compress = true;
  else if (name === "norvc") pass.compress = false;
  else if (name === "push") pass.pushOptions();
  else if (name === "pop") pass.popOptions(place);
  else if (name === "pic" || name === "nopic") pass.positionIndependent = name === "pic";
  else if (/^(no)?relax$/.test(name) || name === "arch") ignore(pass, cursor);
  else pass.source.fail(place, asmMessages.unknownOption(name));
}

/** `.comm symbol, size[, alignment]`: room in `.bss`. */
function common(pass: Pass, cursor: Cursor, place: Place): void {
  const name = cursor.name();
  cursor.expect(",");
  const size = pass.integer(cursor, 0, SECTION_LIMIT);
  const bytes = cursor.accept(",") ? pass.integer(cursor, 1, 2 ** 24) : 8;
  pass.within(".bss", () => {
    const { section } = pass;
    section.align = Math.max(section.align, bytes);
    pass.fill((bytes - (section.size % bytes)) % bytes, 0, place);
    pass.label(name, place);
    pass.fill(size, 0, place);
  });
}
