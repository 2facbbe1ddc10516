import { librarySummary } from "../../messages/libraries.ts";
import type { Library } from "../library.ts";
import { PageCache, pageCacheMaker } from "./page-cache.ts";

export const rkpagecache: Library = {
  name: "rkpagecache",
  summary: librarySummary.rkpagecache,
  provides: [pageCacheMaker],
  needs: [],
  start(kernel) {
    kernel.provide(pageCacheMaker, {
      create: (frames, source, codeWritten) => new PageCache(frames, source, codeWritten),
    });
  },
};
