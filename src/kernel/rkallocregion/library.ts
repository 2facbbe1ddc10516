import { librarySummary } from "../../messages/libraries.ts";
import type { Library } from "../library.ts";
import { type AllocatorRoles, allocatorLibrary } from "../rkalloc/library.ts";
import { region } from "./kind.ts";

const USUAL: AllocatorRoles = { frames: true };

/** `roles`: what it is to serve, where that is not the usual. */
export const rkallocregionWith = (roles: AllocatorRoles): Library =>
  allocatorLibrary(region, librarySummary.rkallocregion, { ...USUAL, ...roles });

export const rkallocregion: Library = rkallocregionWith({});
