import { librarySummary } from "../../messages/libraries.ts";
import type { Library } from "../library.ts";
import { type AllocatorRoles, allocatorLibrary } from "../rkalloc/library.ts";
import { pool } from "./kind.ts";

const USUAL: AllocatorRoles = {};

/** `roles`: what it is to serve, where that is not the usual. */
export const rkallocpoolWith = (roles: AllocatorRoles): Library =>
  allocatorLibrary(pool, librarySummary.rkallocpool, { ...USUAL, ...roles });

export const rkallocpool: Library = rkallocpoolWith({});
