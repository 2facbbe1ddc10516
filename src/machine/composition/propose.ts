import type { Library } from "../../kernel/library.ts";
import { type LibraryEntry, linkLibraries, REGISTER } from "../libraries.ts";
import { MACHINE_NEEDS } from "./needs.ts";

/** Libraries that have a set of system calls, with all that these need. */
export interface Proposal {
  /** Names, in the register's order. */
  readonly libraries: readonly string[];
  /** Numbers of the calls that no library has: ENOSYS whatever is linked. */
  readonly unsupported: readonly number[];
}

/**
 * The fewest libraries of the register that have the system calls `numbers`: of those that can take each other's place,
 * the standard one.
 */
export async function proposeLibraries(numbers: readonly number[]): Promise<Proposal> {
  const known = await Promise.all(
    REGISTER.map(async (entry) => ({ entry, library: (await linkLibraries([{ name: entry.name }]))[0] })),
  );
  // Standard ones first.
  known.sort((a, b) => Number(b.entry.standard ?? false) - Number(a.entry.standard ?? false));
  const chosen = new Set<LibraryEntry>();
  const provider = (api: string) => known.find(({ entry }) => entry.provides.includes(api));
  const choose = ({ entry, library }: { entry: LibraryEntry; library: Library }) => {
    if (chosen.has(entry)) return;
    chosen.add(entry);
    for (const { name } of library.needs) {
      const needed = provider(name);
      if (needed) choose(needed);
    }
  };
  for (const name of MACHINE_NEEDS) {
    const needed = provider(name);
    if (needed) choose(needed);
  }
  const unsupported: number[] = [];
  for (const number of numbers) {
    const owner = known.find(({ library }) => library.syscalls?.some((row) => row.number === number));
    if (owner) choose(owner);
    else unsupported.push(number);
  }
  return { libraries: REGISTER.filter((entry) => chosen.has(entry)).map(({ name }) => name), unsupported };
}
