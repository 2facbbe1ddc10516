import { type Api, api } from "../library.ts";
import type { FrameAllocator } from "./frames.ts";
import type { AllocatorKind } from "./kind.ts";

/** Several of something at once: the first that came is the default, until another is chosen; all have names. */
export class Registry<T> {
  private readonly members = new Map<string, T>();
  private chosen: string | undefined;

  get default(): T | undefined {
    return this.chosen === undefined ? undefined : this.members.get(this.chosen);
  }

  named(name: string): T | undefined {
    return this.members.get(name);
  }

  names(): string[] {
    return [...this.members.keys()];
  }

  /** False: the name is taken. */
  register(name: string, member: T): boolean {
    if (this.members.has(name)) return false;
    this.members.set(name, member);
    this.chosen ??= name;
    return true;
  }

  /** False: nothing has that name. */
  setDefault(name: string): boolean {
    if (!this.members.has(name)) return false;
    this.chosen = name;
    return true;
  }

  /** Takes a member out. If it was the default, the one that came first is now. */
  remove(name: string): T | undefined {
    const member = this.members.get(name);
    this.members.delete(name);
    if (this.chosen === name) this.chosen = this.members.keys().next().value;
    return member;
  }

  map<U>(change: (member: T) => U): Registry<U> {
    const copy = new Registry<U>();
    for (const [name, member] of this.members) copy.register(name, change(member));
    copy.chosen = this.chosen;
    return copy;
  }
}

/** The allocators that a kernel is linked with. */
export interface Allocators {
  /** By the names of their libraries; the default is what serves heaps. */
  readonly kinds: Registry<AllocatorKind>;
  /** Set where the page cache is served apart from everybody else's frames. */
  pageCache: FrameAllocator | undefined;
}

export const allocators: Api<Allocators> = api("rkalloc-kinds");

/** What a heap is made by where nobody asks for another: the kind that `new AreaAllocator(kind, memory)` takes. */
export const heapAllocator: Api<AllocatorKind> = api("rkalloc-heap");
