import { type Code, I32, Op, pushUnsigned, type ValueType } from "./encoder.ts";

interface FunctionEntry {
  readonly type: number;
  code: Code | undefined;
}

/** A module: imported functions, i32 constants and one imported memory, functions, one table where it is asked for, exports. */
export class ModuleBuilder {
  private readonly types: string[] = [];
  private readonly typeBytes: number[][] = [];
  private readonly imports: { name: string; type: number }[] = [];
  private readonly globals: string[] = [];
  private readonly functions: FunctionEntry[] = [];
  private readonly exports: { name: string; index: number }[] = [];
  private readonly elements = new Map<number, number>();

  type(parameters: readonly ValueType[], results: readonly ValueType[]): number {
    const key = `${parameters}>${results}`;
    const known = this.types.indexOf(key);
    if (known >= 0) return known;
    this.types.push(key);
    this.typeBytes.push([0x60, parameters.length, ...parameters, results.length, ...results]);
    return this.types.length - 1;
  }

  /** All imports must come before the first function. Returns the function index. */
  importFunction(name: string, type: number): number {
    if (this.functions.length > 0) throw new Error("imports come first");
    this.imports.push({ name, type });
    return this.imports.length - 1;
  }

  /** An i32 that is given to each instance. Returns the global index. */
  importGlobal(name: string): number {
    this.globals.push(name);
    return this.globals.length - 1;
  }

  /** Reserves a function index, so that functions can name each other. */
  declare(type: number): number {
    this.functions.push({ type, code: undefined });
    return this.imports.length + this.functions.length - 1;
  }

  define(index: number, code: Code): void {
    this.functions[index - this.imports.length].code = code;
  }

  export(name: string, index: number): void {
    this.exports.push({ name, index });
  }

  /** Puts a function into table 0. */
  element(tableIndex: number, functionIndex: number): void {
    this.elements.set(tableIndex, functionIndex);
  }

  /**
   * `table`: its size, and the function in the places before the last that `element` filled. It is exported as `table`.
   */
  encode(table?: { readonly size: number; readonly fallback: number }): Uint8Array<ArrayBuffer> {
    const parts: (readonly number[])[] = [[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]];
    /** `bodies` is what comes behind that which is written. */
    const section = (
      id: number,
      write: (body: number[]) => void,
      bodies: readonly (readonly number[])[] = [],
    ) => {
      const head = [id];
      const body: number[] = [];
      write(body);
      pushUnsigned(head, lengthOf(bodies) + body.length);
      parts.push(head, body, ...bodies);
    };
    section(1, (body) => {
      pushUnsigned(body, this.typeBytes.length);
      for (const bytes of this.typeBytes) body.push(...bytes);
    });
    section(2, (body) => {
      pushUnsigned(body, this.imports.length + this.globals.length + 1);
      for (const entry of this.imports) {
        name(body, "env");
        name(body, entry.name);
        body.push(0);
        pushUnsigned(body, entry.type);
      }
      for (const global of this.globals) {
        name(body, "env");
        name(body, global);
        body.push(3, I32, 0);
      }
      name(body, "env");
      name(body, "memory");
      // Shared, and so with a maximum: 65536 pages, which is any.
      body.push(2, 3);
      pushUnsigned(body, 1);
      pushUnsigned(body, 65536);
    });
    section(3, (body) => {
      pushUnsigned(body, this.functions.length);
      for (const entry of this.functions) pushUnsigned(body, entry.type);
    });
    if (table)
      section(4, (body) => {
        body.push(1, 0x70, 1);
        pushUnsigned(body, table.size);
        pushUnsigned(body, table.size);
      });
    section(7, (body) => {
      pushUnsigned(body, this.exports.length + (table ? 1 : 0));
      for (const entry of this.exports) {
        name(body, entry.name);
        body.push(0);
        pushUnsigned(body, entry.index);
      }
      if (table) {
        name(body, "table");
        body.push(1, 0);
      }
    });
    if (table)
      section(9, (body) => {
        body.push(1, 0, 0x41, 0, Op.end);
        const filled = Math.max(0, ...this.elements.keys()) + 1;
        pushUnsigned(body, filled);
        for (let i = 0; i < filled; i++) pushUnsigned(body, this.elements.get(i) ?? table.fallback);
      });
    const hinted = this.functions.filter(({ code }) => code && code.unlikely.length > 0);
    if (hinted.length > 0)
      section(0, (body) => {
        name(body, "metadata.code.branch_hint");
        pushUnsigned(body, hinted.length);
        for (const entry of hinted) {
          pushUnsigned(body, this.imports.length + this.functions.indexOf(entry));
          body.push(...(entry.code as Code).encodeHints());
        }
      });
    section(
      10,
      (body) => pushUnsigned(body, this.functions.length),
      this.functions.flatMap(({ code }) => {
        if (!code) throw new Error("a function was declared but not defined");
        return code.encode();
      }),
    );
    return joined(parts);
  }
}

/** Our names are ASCII. */
function name(body: number[], text: string): void {
  pushUnsigned(body, text.length);
  for (let i = 0; i < text.length; i++) body.push(text.charCodeAt(i));
}

const lengthOf = (parts: readonly (readonly number[])[]): number =>
  parts.reduce((sum, { length }) => sum + length, 0);

function joined(parts: readonly (readonly number[])[]): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(lengthOf(parts));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}
