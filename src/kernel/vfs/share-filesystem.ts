import { type Api, api } from "../library.ts";
import type { Filesystem } from "./filesystem.ts";

/**
 * The filesystem that the host shares under a tag. `readOnly`: nothing in it may be changed. Throws `VfsError` where there
 * is none.
 */
export type ShareMounter = (tag: string, readOnly: boolean) => Filesystem;

export const shareMounter: Api<ShareMounter> = api("share-filesystem");
