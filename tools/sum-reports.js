/** Names what failed in vitest's JSON reports, then sums them into one line: `node tools/sum-reports.js EXTRA_FAILURES REPORT...` */
import { existsSync, readFileSync } from "node:fs";

const [extra, ...paths] = process.argv.slice(2);
let passed = 0;
let failed = Number(extra);
for (const path of paths.filter((name) => existsSync(name))) {
  const report = JSON.parse(readFileSync(path, "utf8"));
  passed += report.numPassedTests;
  failed += report.numFailedTests;
  for (const file of report.testResults)
    for (const test of file.assertionResults.filter(({ status }) => status === "failed"))
      console.log(`FAILED ${file.name}: ${test.fullName}\n  ${test.failureMessages[0]?.split("\n")[0]}`);
  // A file that does not load has no tests to count, and an error outside any test fails the run alone.
  const unloaded = report.testResults.filter(
    (file) => file.status === "failed" && file.assertionResults.length === 0,
  );
  failed += unloaded.length;
  for (const file of unloaded) console.log(`FAILED ${file.name} did not load: ${file.message}`);
  if (!report.success && report.numFailedTests === 0 && unloaded.length === 0) failed++;
}
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
