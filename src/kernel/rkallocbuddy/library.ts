import { librarySummary } from "../../messages/libraries.ts";
import type { Library } from "../library.ts";
import { type AllocatorRoles, allocatorLibrary } from "../rkalloc/library.ts";
import { buddy } from "./kind.ts";

const USUAL: AllocatorRoles = { frames: true };

/** `roles`: what it is to serve, where that is not the usual. */
export const rkallocbuddyWith = (roles: AllocatorRoles): Library =>
  allocatorLibrary(buddy, librarySummary.rkallocbuddy, { ...USUAL, ...roles });

export const rkallocbuddy: Library = rkallocbuddyWith({});
