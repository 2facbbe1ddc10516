import type { Expr } from "../../isa/meaning.ts";
import { HART, TLB } from "../layout.ts";
import { type Code, I32 } from "../wasm/encoder.ts";
import { pushTlbEntry, setLinear } from "../wasm/frame.ts";
import { ReachedAccess } from "../wasm/memory-access.ts";
import { R } from "../wasm/region-support.ts";
import { TLB_MASK } from "../wasm/support.ts";
import { WEB, webOffset } from "./cell.ts";
import type { Placed } from "./region.ts";
import type { Access, Webs } from "./webs.ts";

/** What the code of a region's accesses needs of its writer. */
export interface RegionCode {
  readonly code: Code;
  /** Local: the i64 virtual address of a miss. */
  readonly address: number;
  /** Leaves an integer register's value on the stack. */
  pushX(register: number): void;
  /** Leaves the value of a part of the instruction's meaning on the stack. */
  emit(expr: Expr): void;
  /** Leaves the region: the instruction is the interpreter's. */
  giveUp(): void;
  /** The same, because the range of the web does not have the address in `address`. */
  miss(web: number): void;
}

/** Writes the memory accesses of a region: checked against the range of their web, then done without a call. */
export class RegionMemory {
  /** By base register, the local of the linear address of its web's lowest byte; 0 where it was not looked for. */
  readonly linear: (number | undefined)[] = [];
  private readonly webs: Webs;
  private readonly region: RegionCode;

  constructor(webs: Webs, region: RegionCode) {
    this.webs = webs;
    this.region = region;
  }

  makeLocals(): void {
    for (const base of this.webs.bases) this.linear[base] = this.region.code.local(I32);
  }

  /** The instruction has given its integer register a value. */
  defined(placed: Placed): void {
    const linear = this.linear[placed.instruction.fields.rd];
    if (linear !== undefined && this.webs.definitions.has(placed)) this.region.code.i32(0).set(linear);
  }

  /** Nothing is known of any register. */
  forget(): void {
    for (const linear of this.linear) if (linear !== undefined) this.region.code.i32(0).set(linear);
  }

  /** Finds where an access is in linear memory, or leaves the region. */
  reach(access: Access): ReachedAccess {
    const { code, emit } = this.region;
    const { node, base, offset } = access;
    const linear = this.linear[base] as number;
    const web = this.webs.webs[access.web];
    if (node.kind !== "load" && node.kind !== "store") this.requireAligned(access);
    if (access.known === "maybe") {
      code.get(linear).op("i32_eqz").if();
      this.check(access, linear);
      code.op("end");
    } else if (access.known === "unchecked") this.check(access, linear);
    const within = offset - web.least;
    if (node.kind === "load" || node.kind === "store" || within === 0)
      return new ReachedAccess(code, node, emit, linear, within);
    const exact = code.local(I32);
    code.get(linear).i32(within).op("i32_add").set(exact);
    return new ReachedAccess(code, node, emit, exact);
  }

  private requireAligned({ node, base }: Access): void {
    const { code } = this.region;
    this.region.pushX(base);
    code
      .op("i32_wrap_i64")
      .i32(node.bits / 8 - 1)
      .op("i32_and")
      .ifUnlikely();
    this.region.giveUp();
    code.op("end");
  }

  private pushReached(base: number, offset: number): Code {
    const { code } = this.region;
    this.region.pushX(base);
    if (offset !== 0) code.i64(offset).op("i64_add");
    return code;
  }

  /** Finds the base in the web's range, and sets `linear` to where the web's lowest byte is. */
  private check({ web, base }: Access, linear: number): void {
    const { code, address } = this.region;
    const at = webOffset(web);
    const { least, wide } = this.webs.webs[web];
    this.region.pushX(base);
    code
      .get(R.cell)
      .mem("i64_load", at + WEB.low)
      .op("i64_sub");
    code
      .get(R.cell)
      .mem("i64_load", at + WEB.span)
      .op("i64_ge_u")
      .ifUnlikely();
    this.pushReached(base, least).set(address);
    if (wide) this.lookUp(web, linear);
    else this.region.miss(web);
    code.op("else");
    // Not of the difference, which the host's processor would have to wait for.
    this.region.pushX(base);
    code
      .op("i32_wrap_i64")
      .get(R.cell)
      .mem("i32_load", at + WEB.addend)
      .op("i32_add")
      .set(linear);
    code.op("end");
  }

  /**
   * Sets `linear` by the TLB, which has to answer for all that the web reaches from `address` on. It is not asked for ever:
   * the web may have come to stay in another range.
   */
  private lookUp(web: number, linear: number): void {
    const { code, address } = this.region;
    const patience = webOffset(web) + WEB.patience;
    const { least, most, writes } = this.webs.webs[web];
    const table = writes ? TLB.write : TLB.read;
    pushTlbEntry(code, () => code.get(R.hart).mem("i32_load", HART.dataTlb), address, TLB_MASK)
      .tee(linear)
      .mem("i64_load", table);
    // The last byte's page is looked for in the entry of the first one's: that never has the next page.
    code
      .get(address)
      .i64(most - least - 1)
      .op("i64_add")
      .i64(-4096)
      .op("i64_and")
      .op("i64_ne");
    code.get(R.cell).get(R.cell).mem("i32_load", patience).i32(1).op("i32_sub").mem("i32_store", patience);
    code.get(R.cell).mem("i32_load", patience).i32(0).op("i32_lt_s").op("i32_or").ifUnlikely();
    this.region.miss(web);
    code.op("end");
    setLinear(code, address, linear, table, linear);
  }
}
