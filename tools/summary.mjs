// node tools/summary.mjs REPORT [FAILED_STAGE…]: prints `N passed, N failed` from Vitest's JSON report and the names of
// the stages that failed before it. Exits 1 if anything failed, or if nothing ran.
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** @typedef {{ name: string, status: string, message?: string, assertionResults: { status: string }[] }} Suite */

/**
 * @param {string} report path of the JSON report
 * @param {readonly string[]} stages names of failed stages, each one failure
 * @returns {{ passed: number, failed: number, skipped: number, notes: string[] }}
 */
export function summarise(report, stages) {
  const notes = stages.map((stage) => `failed stage: ${stage}`);
  const count = { passed: 0, failed: stages.length, skipped: 0, notes };
  if (!existsSync(report)) {
    notes.push('failed stage: vitest wrote no report');
    return { ...count, failed: count.failed + 1 };
  }
  /** @type {{ success: boolean, testResults: Suite[] }} */
  const { success, testResults } = JSON.parse(readFileSync(report, 'utf8'));
  let ran = 0;
  for (const suite of testResults) {
    const failedTests = suite.assertionResults.filter((test) => test.status === 'failed').length;
    const passedTests = suite.assertionResults.filter((test) => test.status === 'passed').length;
    count.passed += passedTests;
    count.failed += failedTests;
    count.skipped += suite.assertionResults.length - passedTests - failedTests;
    // A file that does not load has no failed test, and is a failure.
    if (suite.status === 'failed' && failedTests === 0) {
      count.failed++;
      notes.push(`failed file: ${suite.name}: ${suite.message?.split('\n')[0] ?? ''}`);
    }
    ran += failedTests + passedTests;
  }
  if (ran === 0 || (!success && count.failed === stages.length)) {
    count.failed++;
    notes.push(ran === 0 ? 'no test ran' : 'an error outside of any test');
  }
  return count;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { passed, failed, skipped, notes } = summarise(process.argv[2] ?? '', process.argv.slice(3));
  for (const note of notes) console.log(note);
  if (skipped > 0) console.log(`${skipped} skipped`);
  console.log(`${passed} passed, ${failed} failed`);
  process.exitCode = failed > 0 ? 1 : 0;
}
