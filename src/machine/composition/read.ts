import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type ParsedNode,
  parseDocument,
} from "yaml";
import { compositionText } from "../../messages/composition.ts";
import { RefusedError } from "../../messages/errors.ts";
import { DESCRIPTION } from "./description.ts";
import { type Shape, sizeOf } from "./shape.ts";

/** A file larger than this is none that a person wrote. Bytes. */
const MOST_BYTES = 1 << 20;
/** A message shows no more of a value. */
const SHOWN = 60;

/**
 * Reads and checks the text of a Runikraftfile (YAML 1.2, so JSON too): plain data of `DESCRIPTION`'s shape. Throws
 * `RefusedError` with the file, line and column of what is wrong first, what it is, and what is allowed there.
 */
export function readYaml(text: string, file: string): Record<string, unknown> {
  return new Reader(text, file).read();
}

class Reader {
  private readonly text: string;
  private readonly file: string;
  private readonly lines = new LineCounter();

  constructor(text: string, file: string) {
    this.text = text;
    this.file = file;
  }

  read(): Record<string, unknown> {
    if (this.text.length > MOST_BYTES) this.fail(0, compositionText.tooLong(String(MOST_BYTES)));
    const document = parseDocument(this.text, {
      lineCounter: this.lines,
      prettyErrors: false,
      uniqueKeys: true,
    });
    const [error] = document.errors;
    if (error) this.fail(error.pos[0], compositionText.notYaml(firstLine(error.message)));
    return this.value(document.contents, DESCRIPTION, "", 0) as Record<string, unknown>;
  }

  /** `path`: what the value is called in messages; `at`: where to point when there is no node. */
  private value(node: ParsedNode | Node | null, shape: Shape, path: string, at: number): unknown {
    const here = node?.range?.[0] ?? at;
    const wrong = (wanted: string) => this.fail(here, compositionText.wrong(path, this.shown(node), wanted));
    if (isAlias(node)) return this.fail(here, compositionText.noAliases());
    switch (shape.kind) {
      case "object":
        if (!isMap(node)) return wrong(compositionText.someOf(list(Object.keys(shape.fields))));
        return this.object(node, shape.fields, shape.required ?? [], path);
      case "map":
        if (!isMap(node)) return wrong(compositionText.names());
        return this.pairs(node, path, (name, key) => {
          if (!shape.names.test(name)) this.fail(key, compositionText.badName(path, shown(name)));
          return shape.of;
        });
      case "list":
        if (!isSeq(node)) return wrong(compositionText.list());
        return node.items.map((item, i) => this.value(item as Node, shape.of, `${path}[${i}]`, here));
      case "named":
        if (isMap(node)) return this.namedObject(node, shape.fields, shape.choices, path);
        break;
    }
    if (!isScalar(node) || node.value === null) return wrong(wantedOf(shape));
    return this.scalar(node.value, node.source ?? String(node.value), shape, () => wrong(wantedOf(shape)));
  }

  private scalar(value: unknown, source: string, shape: Shape, wrong: () => never): unknown {
    switch (shape.kind) {
      case "text":
        if (source.includes("\0") || (shape.pattern && !shape.pattern.test(source))) return wrong();
        return source;
      case "count":
        if (!Number.isSafeInteger(value) || Number(value) < shape.least || Number(value) > shape.most)
          return wrong();
        return value;
      case "size": {
        const size = sizeOf(source);
        return size === undefined || size < shape.least || size > shape.most ? wrong() : size;
      }
      case "boolean":
        return typeof value === "boolean" ? value : wrong();
      case "choice":
      case "named":
        return shape.choices.includes(source) ? source : wrong();
      default:
        return wrong();
    }
  }

  private object(
    node: Node,
    fields: Readonly<Record<string, Shape>>,
    required: readonly string[],
    path: string,
  ): Record<string, unknown> {
    const value = this.pairs(node, path, (name, key) => {
      if (!Object.hasOwn(fields, name))
        this.fail(key, compositionText.unknownField(joined(path, shown(name)), list(Object.keys(fields))));
      return fields[name];
    });
    for (const name of required)
      if (!Object.hasOwn(value, name))
        this.fail(node.range?.[0] ?? 0, compositionText.missingField(joined(path, name)));
    return value;
  }

  private namedObject(
    node: Node,
    fields: Readonly<Record<string, Shape>>,
    choices: readonly string[],
    path: string,
  ): Record<string, unknown> {
    const value = this.pairs(node, path, (name, key) => {
      if (Object.hasOwn(fields, name)) return fields[name];
      if (choices.includes(name)) return this.fail(key, compositionText.noOptions(name));
      return this.fail(key, compositionText.unknownField(joined(path, shown(name)), list(choices)));
    });
    if (Object.keys(value).length !== 1) this.fail(node.range?.[0] ?? 0, compositionText.oneName(path));
    return value;
  }

  private pairs(
    node: Node,
    path: string,
    shapeOf: (name: string, at: number) => Shape,
  ): Record<string, unknown> {
    const result: Record<string, unknown> = {};
    for (const { key, value } of isMap(node) ? node.items : []) {
      const at = (key as Node).range?.[0] ?? 0;
      if (!isScalar(key)) return this.fail(at, compositionText.plainName(path));
      const name = key.source ?? String(key.value);
      const shape = shapeOf(name, at);
      Object.defineProperty(result, name, {
        value: this.value(value as Node | null, shape, joined(path, name), at),
        enumerable: true,
      });
    }
    return result;
  }

  private shown(node: Node | null): string {
    const [from, to] = node?.range ?? [0, 0];
    return shown(firstLine(this.text.slice(from, to)));
  }

  private fail(offset: number, what: string): never {
    const { line, col } = this.lines.linePos(offset);
    throw new RefusedError(`${this.file}:${Math.max(1, line)}:${Math.max(1, col)}: ${what}`);
  }
}

const list = (names: readonly string[]) => names.join(", ");
const joined = (path: string, name: string) => (path === "" ? name : `${path}.${name}`);
const firstLine = (text: string) => text.split("\n", 1)[0];

/** What the file says, fit for a terminal. */
function shown(text: string): string {
  const plain = text.replace(/\p{C}/gu, "?");
  return plain.length > SHOWN ? `${plain.slice(0, SHOWN)}…` : plain;
}

function wantedOf(shape: Shape): string {
  switch (shape.kind) {
    case "text":
      return shape.wanted?.() ?? compositionText.text();
    case "count":
      return compositionText.count(String(shape.least), String(shape.most));
    case "size":
      return compositionText.size(inUnits(shape.least), inUnits(shape.most));
    case "boolean":
      return compositionText.boolean();
    case "choice":
    case "named":
      return compositionText.oneOf(list(shape.choices));
    default:
      return "";
  }
}

function inUnits(bytes: number): string {
  for (const [unit, size] of [
    ["G", 2 ** 30],
    ["M", 2 ** 20],
    ["K", 2 ** 10],
  ] as const)
    if (bytes % size === 0) return `${bytes / size}${unit}`;
  return String(bytes);
}
