import { defineConfig } from "vitest/config";

/** The tests that need Debian's packages: run by `npm run test:guests`, which installs those first. */
export default defineConfig({
  test: {
    include: ["test/guests/**/*.test.ts"],
    testTimeout: 300_000,
    maxWorkers: 2,
  },
});
