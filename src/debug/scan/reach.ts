import { type CodeModule, type Slot, type Unit, unitAt } from "./module.ts";
import { namesIn } from "./names.ts";
import { type References, referencesOf } from "./references.ts";
import { readUnit, runsOn, type UnitCode } from "./unit-code.ts";

/** A unit that the program can come to. Its instructions are read again where they matter: few units make calls. */
export interface Reached {
  readonly unit: Unit;
  readonly hasEcall: boolean;
  readonly hidden: UnitCode["hidden"];
  readonly runsOn: boolean;
  readonly references: References;
  /** Addresses inside at which something else than a call of it enters it; its start too, where that is not a call. */
  readonly entries: Set<number>;
  /** Data holds its address, or something that was not read does: anybody may call it. */
  isTaken: boolean;
}

/** Functions that find others by a name given at run time. */
const BY_NAME = ["dlsym", "dlvsym"];
const OPENERS = ["dlopen", "dlmopen"];

/**
 * All code that a program and its libraries can come to, over direct calls, imports, and every function whose address
 * anything takes. Counted as taken: addresses in the data of each module, and what a module that uses `dlsym` has the name of.
 */
export class Reach {
  readonly modules: readonly CodeModule[];
  readonly units = new Map<Unit, Reached>();
  /** Modules that open others while they run. */
  readonly openers = new Set<CodeModule>();
  private readonly pending: Unit[] = [];
  private readonly byName = new Set<CodeModule>();

  /** `opened`: those of the modules that `dlopen` brings in, of which any function may be asked for by name. */
  constructor(modules: readonly CodeModule[], opened: ReadonlySet<CodeModule>) {
    this.modules = modules;
    for (const module of modules) {
      if (module.image.entry !== 0) this.take(unitAt(module, module.image.entry), module.image.entry);
      for (const slot of module.pointers) this.takeSlot(module, slot);
      // Run by the dynamic linker, by DT_INIT and DT_FINI.
      for (const { name, address } of module.code)
        if (name === ".init" || name === ".fini") this.take(unitAt(module, address), address);
      if (opened.has(module))
        for (const addresses of module.exports.values())
          for (const address of addresses) this.take(unitAt(module, address), address);
    }
    this.follow();
  }

  /** The code that a slot of `module` stands for; several where a name has versions. */
  resolve(module: CodeModule, { symbol, address }: Slot): { unit: Unit; address: number }[] {
    if (symbol === undefined) {
      const unit = address === undefined ? undefined : unitAt(module, address);
      return unit && address !== undefined ? [{ unit, address }] : [];
    }
    const owner = this.modules.find(({ exports }) => exports.has(symbol));
    if (!owner) return [];
    return (owner.exports.get(symbol) ?? []).flatMap((at) => {
      const unit = unitAt(owner, at);
      return unit ? [{ unit, address: at }] : [];
    });
  }

  private follow(): void {
    for (let unit = this.pending.pop(); unit; unit = this.pending.pop()) {
      const { references, runsOn: goesOn } = this.units.get(unit) as Reached;
      const { module } = unit;
      for (const address of references.entered) {
        const target = unitAt(module, address);
        if (target) this.enter(target, address);
      }
      for (const slot of references.slots) this.load(module, slot);
      if (goesOn) {
        const next = unitAt(module, unit.end);
        if (next) this.enter(next, unit.end).entries.add(unit.end);
      }
    }
  }

  private load(module: CodeModule, slot: Slot): void {
    for (const { unit, address } of this.resolve(module, slot)) this.enter(unit, address);
    if (slot.symbol === undefined) return;
    if (OPENERS.includes(slot.symbol)) this.openers.add(module);
    if (BY_NAME.includes(slot.symbol)) this.findByName(module);
  }

  /** Every exported function whose name stands in the module's data. */
  private findByName(module: CodeModule): void {
    if (this.byName.has(module)) return;
    this.byName.add(module);
    const exported = new Set(this.modules.flatMap(({ exports }) => [...exports.keys()]));
    const names = namesIn(module.data, exported);
    for (const owner of this.modules)
      for (const [name, addresses] of owner.exports)
        if (names.has(name)) for (const address of addresses) this.take(unitAt(owner, address), address);
  }

  private takeSlot(module: CodeModule, slot: Slot): void {
    for (const { unit, address } of this.resolve(module, slot)) this.take(unit, address);
  }

  private take(unit: Unit | undefined, address: number): void {
    if (unit) this.enter(unit, address).isTaken = true;
  }

  private enter(unit: Unit, address: number): Reached {
    let reached = this.units.get(unit);
    if (!reached) {
      const code = readUnit(unit);
      reached = {
        unit,
        hasEcall: code.lines.some(({ instruction }) => instruction?.row.name === "ecall"),
        hidden: code.hidden,
        runsOn: runsOn(code),
        references: referencesOf(code),
        entries: new Set(),
        isTaken: false,
      };
      this.units.set(unit, reached);
      this.pending.push(unit);
    }
    if (address !== unit.start) reached.entries.add(address);
    return reached;
  }
}
