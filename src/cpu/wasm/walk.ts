import { SEEN_WRITABLE, TLB } from "../layout.ts";
import { Pte } from "../sv39.ts";
import { Code, I32, I64 } from "./encoder.ts";
import { type Functions, pushTlbEntry, setLinear } from "./frame.ts";
import type { ModuleBuilder } from "./module-builder.ts";
import { PAGE_MASK, TLB_MASK } from "./support.ts";

const { V, R, W, X, U, A, D } = Pte;
/** Bits 63 to 54 of an entry: none may be set. */
const RESERVED = -1n << 54n;
/** What a pointer to a table has, of these. */
const POINTER = RESERVED | BigInt(V | R | W | X | U | A | D);

/** Defines the functions that slow accesses ask first. */
export function defineWalk(module: ModuleBuilder, functions: Functions): void {
  module.define(functions.reachRead, reachBody(false));
  module.define(functions.reachWrite, reachBody(true));
}

/**
 * (tlb, address, settles) -> the linear address of a byte that is read, or written, at a virtual address; 0 where it is for `Mmu` to say
 * what the access does.
 *
 * By the TLB, or else by a walk (`sv39.ts`, `translation.ts`) that sets A (and D) where `settles` is not 0 and enters the page into the
 * TLB, as `Mmu` does. It answers for the usual case alone: translation is on, PMP leaves the pages open, the entries are as they
 * should be, and the page is RAM that has a frame. What is written, a page or an entry of a table, must have been written before
 * (`SEEN_WRITABLE`), because who watches it is known to TypeScript only. So is what execute-only pages are with MXR.
 */
function reachBody(writes: boolean): Code {
  const [tlb, address, settles] = [0, 1, 2];
  const code = new Code(3);
  const entry = code.local(I32);
  const linear = code.local(I32);
  const at = code.local(I32);
  const shift = code.local(I64);
  const leaf = code.local(I32);
  const pte = code.local(I64);
  const page = code.local(I64);
  const within = code.local(I64);
  const table = writes ? TLB.write : TLB.read;
  const pushBase = () => code.get(tlb);
  pushTlbEntry(code, pushBase, address, TLB_MASK).tee(entry).mem("i64_load", table);
  code.get(address).i64(PAGE_MASK).op("i64_and").op("i64_eq").if();
  setLinear(code, address, entry, table, linear);
  code.get(linear).op("return").op("end");

  code.block();
  const giveUp = code.depth;
  const giveUpIf = () => code.brIf(code.depth - giveUp);
  /** The word of the map for the page whose number is in `page`. */
  const pushWord = () => {
    code.get(tlb).mem("i32_load", TLB.map);
    return code.get(page).op("i32_wrap_i64").i32(2).op("i32_shl").op("i32_add");
  };
  /** From a physical page number to one that counts from the first that is open. */
  const requireRam = () => {
    code.get(page).get(tlb).mem("i64_load32_u", TLB.firstPage).op("i64_sub").tee(page);
    code.get(tlb).mem("i64_load32_u", TLB.pages).op("i64_ge_u");
    giveUpIf();
  };

  code.get(tlb).mem("i32_load", TLB.root).tee(at).op("i32_eqz");
  giveUpIf();
  code.get(address).i64(25n).op("i64_shl").i64(25n).op("i64_shr_s").get(address).op("i64_ne");
  giveUpIf();
  code.i64(30n).set(shift);
  code.loop();
  const again = code.depth;
  code.get(at).mem("i32_load").tee(linear).op("i32_eqz");
  giveUpIf();
  code.get(linear).get(address).get(shift).op("i64_shr_u").op("i32_wrap_i64");
  code.i32(511).op("i32_and").i32(3).op("i32_shl").op("i32_add").tee(leaf).mem("i64_load").tee(pte);
  code.i64(10n).op("i64_shl").i64(20n).op("i64_shr_u").set(page);
  code.get(pte).i64(POINTER).op("i64_and").i64(BigInt(V)).op("i64_eq").if();
  code.get(shift).i64(9n).op("i64_sub").tee(shift).i64(12n).op("i64_lt_s");
  giveUpIf();
  requireRam();
  pushWord().set(at);
  code.brTo(again).op("end").op("end");

  const wanted = BigInt(V | R | (writes ? W : 0));
  code.get(pte).i64(RESERVED | wanted);
  code.get(tlb).mem("i64_load32_u", TLB.userMask).op("i64_or").op("i64_and");
  code.i64(wanted).get(tlb).mem("i64_load32_u", TLB.userValue).op("i64_or").op("i64_ne");
  giveUpIf();
  code.i64(1n).get(shift).i64(12n).op("i64_sub").op("i64_shl").i64(1n).op("i64_sub").tee(within);
  code.get(page).op("i64_and").op("i64_eqz").op("i32_eqz");
  giveUpIf();
  code.get(address).i64(12n).op("i64_shr_u").get(within).op("i64_and").get(page).op("i64_or").set(page);
  requireRam();
  pushWord().mem("i32_load").tee(linear).op("i32_eqz");
  giveUpIf();
  const seen = code.local(I32);
  code.get(tlb).mem("i32_load", TLB.seen);
  code.get(page).op("i32_wrap_i64").i32(1).op("i32_shl").op("i32_add").set(seen);
  const requireWritable = () => {
    code.mem("i32_load16_u").i32(SEEN_WRITABLE).op("i32_and").op("i32_eqz");
    giveUpIf();
  };
  if (writes) {
    code.get(seen);
    requireWritable();
  }
  const touched = BigInt(A | (writes ? D : 0));
  code.get(pte).i64(touched).op("i64_and").i64(touched).op("i64_ne").if();
  code.get(settles).op("i32_eqz");
  giveUpIf();
  // The table's page: what is known of it has half the size of its word in the map.
  code.get(at).get(tlb).mem("i32_load", TLB.map).op("i32_sub").i32(1).op("i32_shr_u");
  code.get(tlb).mem("i32_load", TLB.seen).op("i32_add");
  requireWritable();
  code.get(leaf).get(pte).i64(touched).op("i64_or").mem("i64_store");
  code.op("end");
  code.get(seen).get(seen).mem("i32_load16_u").get(tlb).mem("i32_load", TLB.seenBit).op("i32_or");
  code.mem("i32_store16");
  code.get(within).op("i64_eqz").op("i32_eqz").if();
  noteLarge(code, tlb, address, within);
  code.op("end");
  for (const filled of writes ? [TLB.read, TLB.write] : [TLB.read]) {
    code.get(entry).get(address).i64(PAGE_MASK).op("i64_and").mem("i64_store", filled);
    code.get(entry).get(linear).get(address).op("i32_wrap_i64").i32(-4096).op("i32_and").op("i32_sub");
    code.mem("i32_store", filled + 8);
    code.get(entry).get(page).op("i32_wrap_i64").get(tlb).mem("i32_load", TLB.firstPage).op("i32_add");
    code.mem("i32_store", filled + 12);
  }
  code.get(linear).get(address).op("i32_wrap_i64").i32(4095).op("i32_and").op("i32_add").op("return");
  code.op("end");
  return code.i32(0);
}

/** As `TlbPool.noteLarge`: `within` are the bits of a page number that count pages of 4 KiB in the large one. */
function noteLarge(code: Code, tlb: number, address: number, within: number): void {
  const from = code.local(I32);
  const to = code.local(I32);
  code.get(address).i64(12n).op("i64_shr_s").op("i32_wrap_i64");
  code.get(within).op("i32_wrap_i64").op("i32_or").tee(to).get(within).op("i32_wrap_i64");
  code.op("i32_sub").set(from);
  code.get(to).i32(1).op("i32_add").set(to);
  for (const [field, local, isWider] of [
    [TLB.largeFrom, from, "i32_lt_s"],
    [TLB.largeTo, to, "i32_gt_s"],
  ] as const) {
    code.get(tlb).get(local).get(tlb).mem("i32_load", field);
    code.get(local).get(tlb).mem("i32_load", field).op(isWider).op("select").mem("i32_store", field);
  }
}
