import { asmMessages } from "../../messages/asm.ts";
import type { Place, Source, Statement } from "./source.ts";

/**
 * `local` is a reference to a numeric label, `1b` or `1f`; `symbol` everything that is not a word or a value.
 */
export interface Token extends Place {
  readonly kind: "name" | "number" | "float" | "string" | "local" | "symbol" | "end";
  readonly text: string;
  /** Of a number or a character constant. */
  readonly value: bigint;
  /** Of a string: its bytes. */
  readonly bytes: Uint8Array;
  /** White space stands before it. */
  readonly spaced: boolean;
}

const SYMBOL = /^(?:<<|>>|<=|>=|==|!=|<>|&&|\|\||[-+*/%&|^~!<>=(),:@?[\]])/;
const NUMBER = /^(?:0[xX][0-9a-fA-F]+|0[bB][01]+|[0-9]+)(?![\w.$])/;
const FLOAT = /^(?:[0-9]+\.[0-9]*(?:[eE][-+]?[0-9]+)?|[0-9]+[eE][-+]?[0-9]+)(?![\w.$])/;
const LOCAL = /^[0-9]+[bf](?![\w.$])/;
const NAME = /^[A-Za-z_.$][\w.$]*/;
const STRING = /^"((?:\\.|[^"\\])*)"/;
const CHARACTER = /^'(\\(?:[0-7]{1,3}|x[0-9a-fA-F]{1,2}|.)|[^\\])'?/u;
const NO_BYTES = new Uint8Array(0);

const ESCAPES: Readonly<Record<string, number>> = { b: 8, f: 12, n: 10, r: 13, t: 9 };

/** The UTF-8 bytes of a literal's text, with C's escapes replaced. */
function unescaped(text: string): Uint8Array {
  const bytes: number[] = [];
  const encoder = new TextEncoder();
  for (const [part] of text.matchAll(/\\(?:[0-7]{1,3}|x[0-9a-fA-F]+|.)|[^\\]+/gsu)) {
    if (part[0] !== "\\") bytes.push(...encoder.encode(part));
    else if (/^\\[0-7]/.test(part)) bytes.push(Number.parseInt(part.slice(1), 8) & 0xff);
    else if (/^\\x[0-9a-fA-F]/.test(part)) bytes.push(Number.parseInt(part.slice(-2).replace("x", ""), 16));
    else bytes.push(...(part[1] in ESCAPES ? [ESCAPES[part[1]]] : encoder.encode(part.slice(1))));
  }
  return Uint8Array.from(bytes);
}

function numberValue(text: string): bigint {
  return BigInt(/^0[0-7]+$/.test(text) ? `0o${text.slice(1)}` : text);
}

/** The statement's tokens, with an `end` token behind the last. */
export function tokenize(source: Source, statement: Statement): Token[] {
  const tokens: Token[] = [];
  const { text, line } = statement;
  const column = (at: number) => statement.column + (statement.expanded ? 0 : at);
  let at = 0;
  let spaced = false;
  const push = (kind: Token["kind"], length: number, value = 0n, bytes: Uint8Array = NO_BYTES) => {
    const token = { kind, text: text.slice(at, at + length), value, bytes, spaced, line, column: column(at) };
    tokens.push(token);
    at += length;
    spaced = false;
  };
  while (at < text.length) {
    const rest = text.slice(at);
    if (/^\s/.test(rest)) {
      at++;
      spaced = true;
      continue;
    }
    const local = LOCAL.exec(rest);
    const number = NUMBER.exec(rest);
    const float = FLOAT.exec(rest);
    const name = NAME.exec(rest);
    const string = STRING.exec(rest);
    const character = CHARACTER.exec(rest);
    const symbol = SYMBOL.exec(rest);
    if (local) push("local", local[0].length);
    else if (number) {
      if (/^0[0-9]*[89]/.test(number[0]))
        source.fail({ line, column: column(at) }, asmMessages.badNumber(number[0]));
      push("number", number[0].length, numberValue(number[0]));
    } else if (float) push("float", float[0].length);
    else if (name) push("name", name[0].length);
    else if (string) push("string", string[0].length, 0n, unescaped(string[1]));
    else if (character) {
      const bytes = unescaped(character[1]);
      if (bytes.length !== 1) source.fail({ line, column: column(at) }, asmMessages.wideCharacter());
      push("number", character[0].length, BigInt(bytes[0]));
    } else if (symbol) push("symbol", symbol[0].length);
    else {
      const found = /^[\w.$]+/.exec(rest)?.[0] ?? String.fromCodePoint(rest.codePointAt(0) ?? 0);
      source.fail(
        { line, column: column(at) },
        rest[0] === '"'
          ? asmMessages.unclosedString()
          : /^\d/.test(rest)
            ? asmMessages.badNumber(found)
            : asmMessages.badCharacter(found),
      );
    }
  }
  push("end", 0);
  return tokens;
}
