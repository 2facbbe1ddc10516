import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["src/**/*.test.ts", "test/**/*.test.ts", "bench/**/*.test.ts"],
    exclude: ["test/guests/**"],
    testTimeout: 60_000,
    // Two cores: more workers only fight for them.
    maxWorkers: 2,
  },
});
