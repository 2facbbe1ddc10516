import type { Mode } from "./handler.ts";

/**
 * The interpreter's modules as `buildModule` makes them. Bundling the program fills them in (`tools/build.js`), which
 * saves building them at every start; run from source there are none.
 */
export const prebuilt: Readonly<Partial<Record<Mode, Uint8Array<ArrayBuffer>>>> = {};
