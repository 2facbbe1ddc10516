import { defineConfig } from "vitest/config";

/** The tests that need Debian's packages: run by `npm run test:guests`, which installs those first. */
export default defineConfig({
  test: {
    include: ["test/guests/**/*.test.ts"],
    // A guest boots in some, and busy hosts are slow.
    testTimeout: 600_000,
    hookTimeout: 600_000,
    maxWorkers: 2,
  },
});
