import { type Library, LinkError } from "../../kernel/library.ts";
import { compositionText } from "../../messages/composition.ts";

/** The APIs that a hosted machine itself stands on, by name. */
export const MACHINE_NEEDS = [
  "rkplat",
  "rksched",
  "rktime",
  "rktime-timers",
  "rkvm",
  "rkprocess",
  "rksignal",
  "rksyscall",
  "rkvfs",
  // Programs are mapped from their files, and have open files and a working directory.
  "file-mappings",
] as const;

/** Throws `LinkError` where nobody of `libraries` provides what the machine needs. */
export function checkMachineNeeds(libraries: readonly Library[]): void {
  const provided = new Set(libraries.flatMap(({ provides }) => provides.map(({ name }) => name)));
  for (const need of MACHINE_NEEDS)
    if (!provided.has(need)) throw new LinkError(compositionText.machineNeeds(need));
}
