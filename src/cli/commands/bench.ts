import { fail, nearest } from '../../core/index.js';
import type { CommandIo } from '../io.js';

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
  readonly json?: boolean;
}

type Bench = (flags: BenchFlags, io: CommandIo) => Promise<void>;

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
      io.out(json ? `${JSON.stringify(result)}\n` : deviceStepTable(result));
      return;
    }
    const { runStepBench } = await import('../bench/step.node.js');
    // It prints its table, and the JSON, itself.
    await runStepBench({ ...chosen, ...(threads && { threads }), ...(baby && { baby }), ...(json && { json }) });
  },
  async attention({ threads, json }, io) {
    const { runAttentionBench } = await import('../bench/attention.node.js');
    const onProgress = (what: string): void => io.note(`bench attention: ${what}`);
    await runAttentionBench({ ...(threads && { threads }), ...(json && { json }), out: (text) => io.out(text), onProgress });
  },
  async length({ threads, upTo, forms, json }, io) {
    const { lengthBench } = await import('../bench/length/length.node.js');
    const { lengthTable } = await import('../bench/length/report.js');
    const onProgress = (what: string): void => io.note(`bench length: ${what}`);
    const chosen = forms?.split(',').map((name) => name.trim());
    const result = await lengthBench({ ...(threads && { threads }), ...(upTo && { upTo }), ...(chosen && { forms: chosen }), onProgress });
    io.out(json ? `${JSON.stringify(result)}\n` : `${lengthTable(result.rows)}\n`);
  },
  async recurrent({ threads, json }, io) {
    const { runRecurrentBench } = await import('../bench/recurrent.node.js');
    const onProgress = (what: string): void => io.note(`bench recurrent: ${what}`);
    await runRecurrentBench({ ...(threads && { threads }), ...(json && { json }), out: (text) => io.out(text), onProgress });
  },
  async models(flags, io) {
    const { benchModels } = await import('./bench-models.js');
    await benchModels(flags, io);
  },
  async reach({ threads, forms, steps, small, json }, io) {
    const { reachBench, reachSizes } = await import('../bench/models/reach.js');
    const { reachTable } = await import('../bench/models/report.js');
    const size = reachSizes[small ? 'small' : 'full'];
    const onRow = ({ model, when }: { model: string; when: string }): void => io.note(`bench reach: ${model}, ${when}`);
    const rows = await reachBench({ size, forms, steps, threads, onRow });
    io.out(json ? `${JSON.stringify({ bench: 'reach', size, rows })}\n` : `${reachTable(rows)}\n`);
  },
  async lens({ threads, small, json }, io) {
    const { lensBench, lensSizes } = await import('../bench/lens.node.js');
    const { lensTable } = await import('../bench/lens-report.js');
    const size = lensSizes[small ? 'small' : 'full'];
    const figures = await lensBench({ size, ...(threads && { threads }), onProgress: (what) => io.note(`bench lens: ${what}`) });
    io.out(json ? `${JSON.stringify({ bench: 'lens', ...figures })}\n` : `${lensTable(figures)}\n`);
  },
  async decode({ threads, json }, io) {
    const { decodeBench } = await import('../bench/decode.js');
    const figures = await decodeBench({ ...(threads && { threads }), onProgress: (what) => io.note(`bench decode: ${what}`) });
    const text = (value: unknown) => (typeof value === 'object' ? JSON.stringify(value) : String(value));
    if (json) io.out(`${JSON.stringify(figures)}\n`);
    else for (const [key, value] of Object.entries(figures)) io.out(`${key}: ${text(value)}\n`);
  },
};

/** Runs a bench and shows its figures. JSON: the figures. @throws name: no such bench */
export async function benchCommand(name: string, flags: BenchFlags, io: CommandIo): Promise<void> {
  const bench = Object.hasOwn(benches, name) ? benches[name] : undefined;
  if (bench === undefined) {
    const known = Object.keys(benches);
    const fix = `Nearest: ${nearest(name, known, 1)}`;
    throw fail('name', { where: 'bench', rule: `one of ${known.join(', ')}`, got: JSON.stringify(name), fix });
  }
  if (flags.device === 'webgpu' && (name !== 'step' || flags.baby)) {
    const rule = 'step, without --baby: the only bench of a device';
    throw fail('unsupported', { where: 'bench --device webgpu', rule, got: flags.baby ? `${name} --baby` : name });
  }
  await bench(flags, io);
}
