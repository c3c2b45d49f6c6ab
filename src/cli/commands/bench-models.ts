import type { ComparisonRecord } from '../bench/models/record.js';
import type { CommandIo } from '../io.js';
import { checkOutputs } from '../output-path.js';
import type { BenchFlags } from './bench.js';

/**
 * `bench models`: finds the contenders' learning rates, trains them, then times their steps in turn. Small steps gain little
 * from a second thread, so that as many contenders are trained at once as there are processors for. With `--out`, what is
 * finished is kept in a file, and a command that is started again goes on from it. JSON: `settings`, `rates`, `rows`, `times`.
 */
export async function benchModels(
  { threads, forms, steps, small, times: timesAlone, out, json }: BenchFlags,
  io: CommandIo,
): Promise<ComparisonRecord> {
  const { compareModels } = await import('../bench/models/compare.js');
  const { findRates } = await import('../bench/models/rates.js');
  const { comparisonSizes } = await import('../bench/models/sizes.js');
  const { stepTimes } = await import('../bench/models/step-times.js');
  const { newComparison, readComparison, writeComparison } = await import('../bench/models/record.js');
  const { comparisonTables, rateTable, stepTimeTable } = await import('../bench/models/report.js');
  const { machine } = await import('../bench/machine.node.js');
  const size = comparisonSizes[small ? 'small' : 'full'];
  const settings = { size, steps: steps ?? size.steps };
  await checkOutputs([out], []);
  let record = out === undefined ? newComparison(settings) : await readComparison(out, settings);
  let kept = Promise.resolve();
  const keep = (change: Partial<typeof record>): Promise<void> => {
    const now = { ...record, ...change };
    record = now;
    if (out !== undefined) kept = kept.then(() => writeComparison(out, now)); // one write after the other
    return kept;
  };
  if (!timesAlone) {
    const each = threads ?? 1;
    const how = { size, forms, steps, threads: each, atOnce: Math.max(1, Math.floor(machine().cores / each)) };
    const rates = await findRates({
      ...{ ...how, finished: record.rates },
      async onRow(row) {
        if (row.trials.length > 0) io.note(`bench models: ${row.task}, ${row.model}: learns at ${row.rate}`);
        await keep({ rates: [...record.rates, row] });
      },
    });
    if (!json && size.rates.length > 1) io.out(`${rateTable(rates)}\n\n`);
    const rows = await compareModels({
      ...{ ...how, rates, finished: record.rows },
      async onRow(row) {
        const right = row.accuracy === undefined ? '' : `, ${(100 * row.accuracy).toFixed(0)}% right`;
        io.note(`bench models: ${row.task}, ${row.model}: loss ${row.loss.toFixed(3)}${right}`);
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
  const told = { date: new Date().toISOString(), machine: machine(), ...record };
  io.out(json ? `${JSON.stringify(told)}\n` : `${stepTimeTable(times)}\n`);
  return record;
}
