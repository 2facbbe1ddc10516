/**
 * The decode table as `buildDecodeTable` makes it. Bundling the program fills it in (`tools/build.js`), which saves
 * reading every row's pattern at each start; run from source there is none.
 */
export const prebuiltDecodeTable: Int32Array | undefined = undefined;
