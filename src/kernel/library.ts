import { RefusedError } from "../messages/errors.ts";
import { kernelMessages } from "../messages/kernel.ts";
import type { Kernel } from "./kernel.ts";
import type { ProcessState } from "./rkprocess/state.ts";
import type { SyscallRow } from "./syscalls/row.ts";

/**
 * The name of something that one micro-library provides and others need, with the type of what stands behind
 * it. `rkalloc` is an API; `rkallocbuddy` is a library that provides it.
 */
export interface Api<T> {
  readonly name: string;
  /** Place in a kernel's list of implementations; the same in every kernel of a process. */
  readonly index: number;
  /** Never set: carries the type. */
  readonly implementation?: T;
}

let apis = 0;

/** Declares an API. Called once for each, at module level. */
export function api<T>(name: string): Api<T> {
  return { name, index: apis++ };
}

/** A micro-library: what it provides and needs, its system calls, and how it starts. */
export interface Library {
  /** `rkallocbuddy`, `rkvfs`, `posix-files`. */
  readonly name: string;
  /** One line for `runikraft libs`, in the user's language. */
  readonly summary: () => string;
  readonly provides: readonly Api<unknown>[];
  readonly needs: readonly Api<unknown>[];
  readonly syscalls?: readonly SyscallRow[];
  /** What the library keeps for each process. */
  readonly processState?: readonly ProcessState<unknown>[];
  /**
   * Called once, after the start of every library that provides something this one needs. Hands over what the
   * library provides with `kernel.provide`; may take what it needs with `kernel.use`.
   */
  start?(kernel: Kernel): void;
}

/**
 * The order to start `libraries` in: each after all providers of its needs, otherwise as listed. Refuses a need
 * that nobody provides, two providers of one API, a system call claimed twice, and a cycle, naming both ends.
 */
export function startOrder(libraries: readonly Library[]): Library[] {
  const providers = providersOf(libraries);
  checkSyscalls(libraries);
  const order: Library[] = [];
  const state = new Map<Library, "visiting" | "done">();
  const visit = (library: Library, path: readonly Library[]) => {
    if (state.get(library) === "done") return;
    if (state.get(library) === "visiting") {
      const cycle = [...path.slice(path.indexOf(library)), library];
      throw new LinkError(kernelMessages.cycle(cycle.map((one) => one.name).join(" -> ")));
    }
    state.set(library, "visiting");
    for (const need of library.needs) {
      const provider = providers.get(need.index);
      if (!provider) throw new LinkError(kernelMessages.missingProvider(library.name, need.name));
      visit(provider, [...path, library]);
    }
    state.set(library, "done");
    order.push(library);
  };
  for (const library of libraries) visit(library, []);
  return order;
}

/** The micro-libraries do not fit together. */
export class LinkError extends RefusedError {}

function providersOf(libraries: readonly Library[]): Map<number, Library> {
  const providers = new Map<number, Library>();
  for (const library of libraries)
    for (const provided of library.provides) {
      const other = providers.get(provided.index);
      if (other) throw new LinkError(kernelMessages.twoProviders(other.name, library.name, provided.name));
      providers.set(provided.index, library);
    }
  return providers;
}

function checkSyscalls(libraries: readonly Library[]): void {
  const owners = new Map<number, Library>();
  for (const library of libraries)
    for (const row of library.syscalls ?? []) {
      const other = owners.get(row.number);
      if (other) throw new LinkError(kernelMessages.twoSyscallOwners(other.name, library.name, row.name));
      owners.set(row.number, library);
    }
}
