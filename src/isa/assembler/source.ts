import { asmMessages } from "../../messages/asm.ts";
import { RefusedError } from "../../messages/errors.ts";

/** A place in the source text; line and column count from 1. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

/** The text being assembled, for error messages. */
export class Source {
  readonly file: string;
  readonly lines: readonly string[];

  constructor(file: string, text: string) {
    this.file = file;
    this.lines = text.split(/\r?\n/);
  }

  /**
   * Throws a `RefusedError`: `file:line:column: message`, the source line (a piece of a long one), and a caret under
   * the column.
   */
  fail(place: Place, message: string): never {
    const at = place.column - 1;
    const start = Math.max(0, at - MOST_SHOWN / 2);
    const line = (this.lines[place.line - 1] ?? "").slice(start, start + MOST_SHOWN);
    const indent = line.slice(0, at - start).replace(/[^\t]/g, " ");
    throw new RefusedError(
      `${this.file}:${place.line}:${place.column}: ${shown(message)}\n    ${shown(line)}\n    ${indent}^`,
    );
  }
}

/** Columns of a source line in an error. */
const MOST_SHOWN = 80;

/** A source may be any file, and errors go to terminals: no control character but the tab. */
const shown = (text: string) => text.replace(/[^\P{Cc}\t]/gu, "\ufffd");

/** One statement's text, comments blanked out: what stands between newlines and semicolons. */
export interface Statement extends Place {
  readonly text: string;
  /** Made by a macro: columns in `text` are not columns of the source line. */
  readonly expanded: boolean;
}

/** Cuts the source into statements, blanking comments (`#`, `//`, and `/* … *​/`, which may span lines). */
export function splitStatements(source: Source): Statement[] {
  const statements: Statement[] = [];
  let open: Place | undefined;
  source.lines.forEach((text, index) => {
    const line = index + 1;
    let kept = "";
    let start = 0;
    const end = () => {
      const indent = kept.search(/\S/);
      if (indent < 0) return;
      statements.push({ text: kept.slice(indent), line, column: start + indent + 1, expanded: false });
    };
    for (let i = 0; i < text.length; ) {
      if (open !== undefined) {
        const close = text.indexOf("*/", i);
        const next = close < 0 ? text.length : close + 2;
        if (close >= 0) open = undefined;
        kept += " ".repeat(next - i);
        i = next;
        continue;
      }
      const rest = text.slice(i);
      if (rest[0] === "#" || rest.startsWith("//")) break;
      if (rest.startsWith("/*")) {
        open = { line, column: i + 1 };
        kept += "  ";
        i += 2;
      } else if (rest[0] === ";") {
        end();
        kept = "";
        start = ++i;
      } else {
        const literal = /^"(\\.|[^"\\])*"?|^'(\\.|[^\\])'?/.exec(rest)?.[0] ?? rest[0];
        kept += literal;
        i += literal.length;
      }
    }
    end();
  });
  if (open !== undefined) source.fail(open, asmMessages.unclosedComment());
  return statements;
}
