import { asmMessages } from "../../messages/asm.ts";
import type { Fields, Row } from "../row.ts";
import { type Cursor, type Expression, evaluate, type Scope, type Value } from "./expression.ts";
import type { Fixup, FixupKind } from "./fixup.ts";
import { defaultFlags, SECTION_LIMIT, SectionBuilder, type SectionFlags } from "./section.ts";
import type { Place, Source } from "./source.ts";
import { LINKER_SYMBOLS, linkerSection, type SymbolDetails } from "./symbols.ts";

/** What carries over from pass to pass. */
export interface PassResult {
  readonly symbols: ReadonlyMap<string, Value>;
  /** Statements whose branch has to be written as an inverted branch around a jump. Only ever grows. */
  readonly farBranches: Set<number>;
}

/**
 * One walk over the statements. Addresses of labels further down are those of the pass before, so passes are
 * repeated until nothing moves; only then, in the `strict` one, are values checked and undefined symbols
 * refused.
 */
export class Pass implements Scope {
  readonly source: Source;
  readonly strict: boolean;
  readonly sections = new Map<string, SectionBuilder>();
  readonly fixups: Fixup[] = [];
  readonly symbols = new Map<string, Value>();
  readonly details = new Map<string, SymbolDetails>();
  readonly farBranches: Set<number>;
  /** Whether instructions may be shortened to their compressed forms (`.option rvc`). */
  compress = false;
  /** Whether the program is to run at any address (`.option pic`). */
  positionIndependent = false;
  section: SectionBuilder;
  /** Index of the statement at work. */
  statement = 0;
  private branchGrew = false;
  private previousSection: SectionBuilder;
  private readonly options: boolean[] = [];
  private readonly before: PassResult;
  private readonly labels = new Set<string>();

  constructor(source: Source, before: PassResult, strict: boolean) {
    this.source = source;
    this.before = before;
    this.farBranches = before.farBranches;
    this.strict = strict;
    this.section = this.useSection(".text", undefined);
    this.previousSection = this.section;
  }

  /** The place where the next byte goes: what `.` means. */
  here(): Value {
    return { section: this.section.name, value: BigInt(this.section.size), known: true };
  }

  symbol(name: string, place: Place): Value {
    const value = this.symbols.get(name) ?? this.before.symbols.get(name);
    if (value !== undefined) return value;
    if (LINKER_SYMBOLS.includes(name)) return { section: linkerSection(name), value: 0n, known: true };
    if (this.strict) this.source.fail(place, asmMessages.undefinedSymbol(name.split("\u0001")[0]));
    return { section: null, value: 0n, known: false };
  }

  evaluate(e: Expression): Value {
    return evaluate(this.source, e, this);
  }

  /** The value of an expression that must be a plain number. */
  number(e: Expression): bigint {
    const { section, value, known } = this.evaluate(e);
    if (section !== null && known) this.source.fail(e, asmMessages.notConstant());
    return value;
  }

  /** A plain number between `low` and `high`; 0 where it is not settled yet. */
  integer(cursor: Cursor, low: number, high: number): number {
    const place = cursor.token;
    const value = Number(this.number(cursor.expression()));
    if (value >= low && value <= high) return value;
    return this.strict
      ? this.source.fail(place, asmMessages.outOfRange(String(value), String(low), String(high)))
      : 0;
  }

  /** A label stands here. */
  label(name: string, place: Place): void {
    if (this.labels.has(name)) this.source.fail(place, asmMessages.redefined(name));
    this.labels.add(name);
    this.define(name, this.here(), place);
  }

  /** Gives a symbol a value; `.set` may do so again, a label may not. */
  define(name: string, value: Value, place: Place): void {
    if (this.labels.has(name) && this.symbols.has(name)) this.source.fail(place, asmMessages.redefined(name));
    this.symbols.set(name, value);
  }

  /** Whether a symbol or the length of a branch differs from the pass before. */
  get moved(): boolean {
    if (this.branchGrew || this.symbols.size !== this.before.symbols.size) return true;
    for (const [name, { section, value, known }] of this.symbols) {
      const old = this.before.symbols.get(name);
      if (old?.known !== known || old.section !== section || old.value !== value) return true;
    }
    return false;
  }

  /** The branch of this statement is to be written in its long form from now on. */
  growBranch(): void {
    this.farBranches.add(this.statement);
    this.branchGrew = true;
  }

  describe(name: string): SymbolDetails {
    const details = this.details.get(name) ?? { global: false, type: "none", size: undefined };
    this.details.set(name, details);
    return details;
  }

  /** `.option push` */
  pushOptions(): void {
    this.options.push(this.compress);
  }

  /** `.option pop` */
  popOptions(place: Place): void {
    this.compress = this.options.pop() ?? this.source.fail(place, asmMessages.popWithoutPush());
  }

  /** Goes on in the named section, made with `flags` (or those of its name) on first use. */
  useSection(name: string, flags: SectionFlags | undefined): SectionBuilder {
    const section = this.sections.get(name) ?? new SectionBuilder(name, flags ?? defaultFlags(name));
    this.sections.set(name, section);
    if (this.section !== undefined) this.previousSection = this.section;
    this.section = section;
    return section;
  }

  /** `.previous` */
  swapSection(): void {
    [this.section, this.previousSection] = [this.previousSection, this.section];
  }

  /** Does something in another section and comes back. */
  within(name: string, work: () => void): void {
    const { section, previousSection } = this;
    this.useSection(name, undefined);
    work();
    this.section = section;
    this.previousSection = previousSection;
  }

  emit(bytes: Uint8Array, place: Place): void {
    this.reserve(bytes.length, place);
    if (this.section.zeroes && this.strict && bytes.some((byte) => byte !== 0))
      this.source.fail(place, asmMessages.bytesInZeroes(this.section.name));
    this.section.append(bytes);
  }

  fill(count: number, value: number, place: Place): void {
    this.reserve(count, place);
    if (this.section.zeroes && value !== 0)
      this.source.fail(place, asmMessages.bytesInZeroes(this.section.name));
    this.section.fill(count, value);
  }

  /** Bytes whose value the linker settles. */
  fixup(
    kind: FixupKind,
    target: Value,
    place: Place,
    length: number,
    operands?: { row: Row; values: Partial<Fields> },
  ): void {
    const { section } = this;
    this.fixups.push({
      kind,
      section: section.name,
      offset: section.size,
      length,
      target,
      place,
      ...operands,
    });
    this.fill(length, 0, place);
  }

  private reserve(count: number, place: Place): void {
    if (this.section.size + count > SECTION_LIMIT)
      this.source.fail(place, asmMessages.sectionTooLarge(this.section.name, SECTION_LIMIT));
  }
}
