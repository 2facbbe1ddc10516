import type { KernelLimits } from "../../kernel/limits.ts";
import { compositionText } from "../../messages/composition.ts";
import { RefusedError } from "../../messages/errors.ts";
import { type LibraryChoice, type LibraryOptionValues, libraryEntry, STANDARD } from "../libraries.ts";
import { STANDARD_SET } from "./description.ts";
import { readYaml } from "./read.ts";

/** A Runikraftfile, read and checked: `DESCRIPTION` says what each field means. Paths are as they were written. */
export interface Runikraftfile {
  readonly program: string;
  readonly args?: readonly string[];
  readonly root?: string;
  readonly initrd?: string;
  readonly mounts?: readonly { readonly host: string; readonly guest: string; readonly writable?: boolean }[];
  readonly disks?: readonly { readonly host: string; readonly writable?: boolean }[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Bytes, whole pages. */
  readonly memory?: number;
  readonly limits?: { readonly stack?: number; readonly instructions?: number } & Partial<KernelLimits>;
  readonly aslr?: boolean;
  readonly aslrSeed?: string;
  readonly allowWx?: boolean;
  readonly allowWxFor?: readonly string[];
  readonly deterministic?: boolean;
  readonly libraries?: readonly LibraryLine[];
}

type LibraryLine = string | Readonly<Record<string, LibraryOptionValues | string>>;

/** The libraries that a Runikraftfile names. */
export interface Composition {
  readonly linked: readonly LibraryChoice[];
  /** Files of the user's own, as written. */
  readonly files: readonly string[];
}

/** Reads the text of a Runikraftfile, which messages call `file`. Throws `RefusedError`. */
export function parseRunikraftfile(text: string, file: string): Runikraftfile {
  return readYaml(text, file) as unknown as Runikraftfile;
}

/**
 * The libraries of a Runikraftfile. What is named beside `standard` stands in place of those standard ones that provide the
 * same. Throws `RefusedError` where one is named twice.
 */
export function compositionOf({ libraries }: Runikraftfile, file: string): Composition {
  if (!libraries) return { linked: STANDARD, files: [] };
  const files: string[] = [];
  const named: LibraryChoice[] = [];
  for (const line of libraries) {
    const [name, value] = typeof line === "string" ? [line, {}] : Object.entries(line)[0];
    if (typeof value === "string") files.push(value);
    else if (name !== STANDARD_SET) {
      if (named.some((one) => one.name === name)) throw new RefusedError(compositionText.twice(file, name));
      named.push({ name, options: value });
    }
  }
  if (!libraries.includes(STANDARD_SET)) return { linked: named, files };
  const provided = new Set(named.flatMap(({ name }) => libraryEntry(name)?.provides ?? []));
  const names = new Set(named.map(({ name }) => name));
  const kept = STANDARD.filter(
    ({ name }) => !names.has(name) && !libraryEntry(name)?.provides.some((api) => provided.has(api)),
  );
  return { linked: [...kept, ...named], files };
}
