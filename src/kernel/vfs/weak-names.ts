import type { ByteString } from "./names.ts";

/** Objects found by name for as long as something else holds them. */
export class WeakNames<T extends object> {
  private readonly references = new Map<ByteString, WeakRef<T>>();
  private sweepAt = 64;

  get(name: ByteString): T | undefined {
    return this.references.get(name)?.deref();
  }

  set(name: ByteString, value: T): void {
    if (this.references.size >= this.sweepAt) this.sweep();
    this.references.set(name, new WeakRef(value));
  }

  delete(name: ByteString): void {
    this.references.delete(name);
  }

  private sweep(): void {
    for (const [name, reference] of this.references) if (!reference.deref()) this.references.delete(name);
    this.sweepAt = Math.max(64, this.references.size * 2);
  }
}
