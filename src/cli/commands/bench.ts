import { files } from '#files';
import { fail, nearest } from '../../core/index.js';
import type { BenchRecord } from '../bench/plot/plot.js';
import type { CommandIo } from '../io.js';
import { checkOutputs } from '../output-path.js';

export interface BenchFlags {
  readonly threads?: number;
  readonly baby?: boolean;
  readonly sizes?: string;
  readonly upTo?: number;
  readonly forms?: string;
  readonly steps?: number;
  readonly device?: 'cpu' | 'webgpu';
  readonly small?: boolean;
  readonly times?: boolean;
  readonly out?: string;
  readonly plot?: string;
  readonly json?: boolean;
}

/** Runs, prints its table, with `json` the record as one line, and gives the record. */
type Bench = (flags: BenchFlags, io: CommandIo) => Promise<BenchRecord>;

/** Each is loaded when asked for. */
const benches: Readonly<Record<string, Bench>> = {
  async step({ threads, baby, sizes, json, device, steps }, io) {
    const { sizeNames } = await import('../bench/step-shape.js');
    const chosen = sizes === undefined ? {} : { sizes: sizeNames(sizes) };
    if (device === 'webgpu') {
      const { deviceStepBench } = await import('../bench/device/step.node.js');
      const { deviceStepTable } = await import('../bench/device/report.js');
      const onProgress = (what: string): void => io.note(`bench step: ${what}`);
      const result = await deviceStepBench({ ...chosen, ...(threads && { threads }), ...(steps && { steps }), onProgress });
      return printed(result, json, io, () => deviceStepTable(result).trimEnd());
    }
    const { runStepBench } = await import('../bench/step.node.js');
    const out = (text: string): void => io.out(text);
    return runStepBench({ ...chosen, ...(threads && { threads }), ...(baby && { baby }), ...(json && { json }), out });
  },
  async attention({ threads, json }, io) {
    const { runAttentionBench } = await import('../bench/attention.node.js');
    const onProgress = (what: string): void => io.note(`bench attention: ${what}`);
    return runAttentionBench({ ...(threads && { threads }), ...(json && { json }), out: (text) => io.out(text), onProgress });
  },
  async length({ threads, upTo, forms, json }, io) {
    const { lengthBench } = await import('../bench/length/length.node.js');
    const { lengthTable } = await import('../bench/length/report.js');
    const onProgress = (what: string): void => io.note(`bench length: ${what}`);
    const chosen = forms?.split(',').map((name) => name.trim());
    const result = await lengthBench({ ...(threads && { threads }), ...(upTo && { upTo }), ...(chosen && { forms: chosen }), onProgress });
    return printed({ bench: 'length', date: now(), ...result }, json, io, () => lengthTable(result.rows));
  },
  async recurrent({ threads, json }, io) {
    const { runRecurrentBench } = await import('../bench/recurrent.node.js');
    const onProgress = (what: string): void => io.note(`bench recurrent: ${what}`);
    return runRecurrentBench({ ...(threads && { threads }), ...(json && { json }), out: (text) => io.out(text), onProgress });
  },
  async models(flags, io) {
    const { benchModels } = await import('./bench-models.js');
    return benchModels(flags, io);
  },
  async reach({ threads, forms, steps, small, json }, io) {
    const { reachBench, reachSizes } = await import('../bench/models/reach.js');
    const { reachTable } = await import('../bench/models/report.js');
    const size = reachSizes[small ? 'small' : 'full'];
    const onRow = ({ model, when }: { model: string; when: string }): void => io.note(`bench reach: ${model}, ${when}`);
    const rows = await reachBench({ size, forms, steps, threads, onRow });
    const { machine } = await import('../bench/machine.node.js');
    return printed({ bench: 'reach', date: now(), machine: machine(), size, rows }, json, io, () => reachTable(rows));
  },
  async lens({ threads, small, json }, io) {
    const { lensBench, lensSizes } = await import('../bench/lens.node.js');
    const { lensTable } = await import('../bench/lens-report.js');
    const size = lensSizes[small ? 'small' : 'full'];
    const figures = await lensBench({ size, ...(threads && { threads }), onProgress: (what) => io.note(`bench lens: ${what}`) });
    return printed({ bench: 'lens', date: now(), ...figures }, json, io, () => lensTable(figures));
  },
  async inference({ threads, small, json }, io) {
    const { runInferenceBench } = await import('../bench/inference/inference.node.js');
    const { inferenceSizes } = await import('../bench/inference/size.js');
    const { reportInference } = await import('../bench/inference/report.js');
    const onProgress = (what: string): void => io.note(`bench inference: ${what}`);
    const result = await runInferenceBench({ size: inferenceSizes[small ? 'small' : 'full'], ...(threads && { threads }), onProgress });
    return printed(result, json, io, () => reportInference(result).trimEnd());
  },
  async start({ small, json }, io) {
    const { runStartBench } = await import('../bench/start/start.node.js');
    const { reportStart } = await import('../bench/start/report.js');
    const onProgress = (what: string): void => io.note(`bench start: ${what}`);
    const result = await runStartBench({ ...(small && { rounds: 1, coldRounds: 0, oursOnly: true }), onProgress });
    return printed(result, json, io, () => reportStart(result).trimEnd());
  },
};

/** Runs a bench and shows its figures, in a picture too where one is asked for. JSON: the figures. @throws name: no such bench */
export async function benchCommand(name: string, flags: BenchFlags, io: CommandIo): Promise<void> {
  const bench = Object.hasOwn(benches, name) ? benches[name] : undefined;
  if (bench === undefined) {
    const known = Object.keys(benches);
    const fix = `Nearest: ${nearest(name, known, 1)}`;
    throw fail('name', { where: 'bench', rule: `one of ${known.join(', ')}`, got: JSON.stringify(name), fix });
  }
  const { device, baby, plot } = flags;
  if (device === 'webgpu' && (name !== 'step' || baby || plot !== undefined)) {
    const rule = 'step, without --baby and --plot: the only bench of a device';
    throw fail('unsupported', { where: 'bench --device webgpu', rule, got: baby ? `${name} --baby` : plot ? `${name} --plot` : name });
  }
  await checkOutputs([flags.plot], []);
  const record = await bench(flags, io);
  if (flags.plot === undefined) return;
  const { plotBench } = await import('../bench/plot/plot.js');
  await files.writeAtomic(flags.plot, plotBench(record));
}

function now(): string {
  return new Date().toISOString();
}

function printed<R extends BenchRecord>(record: R, json: boolean | undefined, io: CommandIo, table: () => string): R {
  io.out(json ? `${JSON.stringify(record)}\n` : `${table()}\n`);
  return record;
}
