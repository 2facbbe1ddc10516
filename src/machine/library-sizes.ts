/**
 * Bytes of code of each micro-library, by name. Empty in the sources; in a bundle tools/build.js puts here what esbuild says
 * of it: the files of the library's folder, and those that only it uses.
 */
export const librarySizes: Readonly<Record<string, number>> = {};
