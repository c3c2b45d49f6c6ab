import { operatorFiles, readCases } from '../conformance/cases.js';
import { operators } from '../conformance/operators/index.js';
import { type CaseResult, runCase } from '../conformance/run.js';
import type { CommandIo } from '../io.js';

/**
 * Runs our functions on published cases of ONNX's operators, and says of each operator how many pass, and of each
 * failure its largest error. JSON: `operators`, each with `op`, `passed`, `total` and `failures`.
 * @returns whether all passed
 */
export async function conformanceCommand(folder: string, flags: { json?: boolean }, io: CommandIo): Promise<boolean> {
  const results: CaseResult[] = [];
  for (const file of await operatorFiles(folder)) {
    for (const given of await readCases(file)) results.push(await runCase(given));
  }
  const summary = [...new Set(results.map(({ op }) => op))].map((op) => {
    const cases = results.filter((c) => c.op === op);
    const failures = cases.filter((c) => !c.passed);
    return { op, passed: cases.length - failures.length, total: cases.length, failures };
  });
  const passed = summary.every(({ failures }) => failures.length === 0);
  if (flags.json) {
    // Infinity is not JSON.
    const finite = ({ largest, ...rest }: CaseResult) => ({ ...rest, largest: Number.isFinite(largest) ? largest : null });
    io.out(`${JSON.stringify({ operators: summary.map((o) => ({ ...o, failures: o.failures.map(finite) })) })}\n`);
    return passed;
  }
  for (const { op, passed: count, total, failures } of summary) {
    io.out(`${op} ${count}/${total}\n`);
    for (const line of new Set(failures.map(describe))) io.out(`  ${line}\n`);
  }
  return passed;
}

/** Cases of an operator that is not here share one line. */
function describe({ op, name, largest, reason }: CaseResult): string {
  if (!operators.has(op)) return reason ?? op;
  return `${name}: ${reason ?? `largest error ${largest.toExponential(2)}`}`;
}
