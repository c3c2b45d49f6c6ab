import type { ComparisonRecord } from '../bench/models/record.js';
import type { CommandIo } from '../io.js';
import { checkOutputs } from '../output-path.js';
import type { BenchFlags } from './bench.js';

/**
 * `bench models`: trains the contenders, then times their steps in turn. With `--out`, what is finished is kept in a file,
 * and a command that is started again goes on from it. JSON: `settings`, `rows`, `times`.
 */
export async function benchModels(
  { threads, forms, steps, small, times: timesAlone, out, json }: BenchFlags,
  io: CommandIo,
): Promise<ComparisonRecord> {
  const { compareModels, comparisonSizes } = await import('../bench/models/compare.js');
  const { stepTimes } = await import('../bench/models/step-times.js');
  const { readComparison, writeComparison } = await import('../bench/models/record.js');
  const { comparisonTables, stepTimeTable } = await import('../bench/models/report.js');
  const size = comparisonSizes[small ? 'small' : 'full'];
  const settings = { size, steps: steps ?? size.steps };
  await checkOutputs([out], []);
  let record: ComparisonRecord =
    out === undefined ? { bench: 'models', settings, rows: [], times: [] } : await readComparison(out, settings);
  const keep = async (change: Partial<typeof record>): Promise<void> => {
    record = { ...record, ...change };
    if (out !== undefined) await writeComparison(out, record);
  };
  if (!timesAlone) {
    const rows = await compareModels({
      ...{ size, forms, steps, threads, finished: record.rows },
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
  const { machine } = await import('../bench/machine.node.js');
  const told = { date: new Date().toISOString(), machine: machine(), ...record };
  io.out(json ? `${JSON.stringify(told)}\n` : `${stepTimeTable(times)}\n`);
  return record;
}
