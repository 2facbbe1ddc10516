import type { Mode } from "./handler.ts";

/**
 * The interpreter's modules as `buildModule` makes them, and the decoder's as `buildDecoder` does. Bundling the program
 * fills them in (`tools/build.js`), which saves building them at every start; run from source there are none.
 */
export const prebuilt: Readonly<Partial<Record<Mode | "decoder", Uint8Array<ArrayBuffer>>>> = {};
