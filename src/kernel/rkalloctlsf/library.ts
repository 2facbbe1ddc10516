import { librarySummary } from "../../messages/libraries.ts";
import type { Library } from "../library.ts";
import { type AllocatorRoles, allocatorLibrary } from "../rkalloc/library.ts";
import { tlsf } from "./kind.ts";

const USUAL: AllocatorRoles = { heap: true };

/** `roles`: what it is to serve, where that is not the usual. */
export const rkalloctlsfWith = (roles: AllocatorRoles): Library =>
  allocatorLibrary(tlsf, librarySummary.rkalloctlsf, { ...USUAL, ...roles });

export const rkalloctlsf: Library = rkalloctlsfWith({});
