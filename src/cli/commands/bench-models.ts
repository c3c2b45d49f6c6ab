import type { Trial } from '../bench/models/trials.js';
import type { CommandIo } from '../io.js';
import { checkOutputs } from '../output-path.js';
import type { BenchFlags } from './bench.js';

/**
 * `bench models`: trains the contenders, then times their steps in turn. Small steps gain little from a second thread, so that
 * as many contenders are trained at once as there are processors for. With `--out`, what is finished is kept in a file, and a
 * command that is started again goes on from it. JSON: `settings`, `rows`, `times`.
 */
export async function benchModels(
  { threads, forms, steps, small, times: timesAlone, out, json }: BenchFlags,
  io: CommandIo,
): Promise<void> {
  const { compareModels, comparisonSizes } = await import('../bench/models/compare.js');
  const { stepTimes } = await import('../bench/models/step-times.js');
  const { readComparison, writeComparison } = await import('../bench/models/record.js');
  const { comparisonTables, stepTimeTable } = await import('../bench/models/report.js');
  const { machine } = await import('../bench/machine.node.js');
  const size = comparisonSizes[small ? 'small' : 'full'];
  const settings = { size, steps: steps ?? size.steps };
  await checkOutputs([out], []);
  let record = out === undefined ? { bench: 'models' as const, settings, rows: [], times: [] } : await readComparison(out, settings);
  let kept = Promise.resolve();
  const keep = (change: Partial<typeof record>): Promise<void> => {
    const now = { ...record, ...change };
    record = now;
    if (out !== undefined) kept = kept.then(() => writeComparison(out, now)); // one write after the other
    return kept;
  };
  if (!timesAlone) {
    const each = threads ?? 1;
    const rows = await compareModels({
      ...{ size, forms, steps, threads: each, finished: record.rows, atOnce: Math.max(1, Math.floor(machine().cores / each)) },
      async onRow(row) {
        const right = row.accuracy === undefined ? '' : `, ${(100 * row.accuracy).toFixed(0)}% right`;
        io.note(`bench models: ${row.task}, ${row.model}: rate ${row.rate}${tried(row.trials)}, loss ${row.loss.toFixed(3)}${right}`);
        await keep({ rows: [...record.rows, row] });
      },
    });
    if (!json) io.out(`${comparisonTables(rows)}\n\n`);
  }
  const times = await stepTimes({
    ...{ size, forms, threads },
    onRow: ({ task, model, ms }) => io.note(`bench models: ${task}, ${model}: ${ms.toFixed(1)} ms a step`),
  });
  await keep({ times });
  io.out(json ? `${JSON.stringify(record)}\n` : `${stepTimeTable(times)}\n`);
}

/** What the rate was chosen by. */
function tried(trials: readonly Trial[]): string {
  return trials.length === 0 ? '' : ` (on the short task ${trials.map(({ rate, loss }) => `${rate}: ${loss.toFixed(3)}`).join(', ')})`;
}
