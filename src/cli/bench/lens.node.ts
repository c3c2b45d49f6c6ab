import { below, randomKey } from '../../core/index.js';
import { type Lens, lens, resample, sweep, zero } from '../../lens/index.js';
import { GPT2, type LanguageModel, Llama } from '../../models/index.js';
import { type Machine, machine } from './machine.node.js';
import { fillQuickly } from './quick-weights.js';
import { type Summary, summarize } from './statistics.js';

/** What is measured: a large model that is looked into, a small one that is swept. */
export interface LensSize {
  readonly look: {
    readonly layers: number;
    readonly heads: number;
    readonly width: number;
    readonly vocabulary: number;
    readonly length: number;
  };
  readonly swept: {
    readonly layers: number;
    readonly heads: number;
    readonly kvHeads: number;
    readonly width: number;
    readonly vocabulary: number;
    readonly length: number;
  };
  /** Timed runs of each program. */
  readonly rounds: number;
  /** Cells that are run one by one, beside the sweep. */
  readonly apart: number;
}

export const lensSizes: Readonly<Record<'full' | 'small', LensSize>> = {
  full: {
    look: { layers: 12, heads: 12, width: 768, vocabulary: 50257, length: 256 },
    swept: { layers: 5, heads: 8, kvHeads: 4, width: 64, vocabulary: 512, length: 64 },
    rounds: 15,
    apart: 200,
  },
  small: {
    look: { layers: 2, heads: 2, width: 32, vocabulary: 101, length: 16 },
    swept: { layers: 2, heads: 4, kvHeads: 2, width: 16, vocabulary: 31, length: 8 },
    rounds: 3,
    apart: 4,
  },
};

export interface LensFigures {
  readonly machine: Machine;
  readonly threads: number;
  readonly parameters: number;
  readonly size: LensSize;
  /** Milliseconds of the forward pass as the lens runs it, the logits asked for; with every pattern too; with a head zeroed. */
  readonly forward: Summary;
  readonly patterns: Summary;
  readonly intervention: Summary;
  /** Medians of what each round took, by its own forward pass. */
  readonly patternsToForward: number;
  readonly interventionToForward: number;
  readonly sweep: {
    readonly cells: number;
    readonly seconds: number;
    readonly batch: number;
    /** Milliseconds of a cell in the sweep, and run by itself in a program made before. */
    readonly msPerCell: number;
    readonly msPerCellApart: number;
  };
}

export interface LensBenchOptions {
  readonly size: LensSize;
  /** Threads within an operator; 2 by default. */
  readonly threads?: number;
  readonly onProgress?: (what: string) => void;
}

/**
 * What the lens costs: all patterns captured, and a head zeroed, against the same forward pass without, in turn; and a full patching
 * sweep over layer, head and position against its cells one by one. Weights are random, of the sizes of GPT-2 and of stories260k.
 */
export async function lensBench({ size, threads = 2, onProgress = () => {} }: LensBenchOptions): Promise<LensFigures> {
  const { look, swept } = size;
  onProgress('filling the weights');
  const { length, ...large } = look;
  const model = new GPT2({ ...large, context: length });
  fillQuickly(model);
  const looked = await looking(lens(model, { threads, programs: 3 }), size, onProgress);
  const small = new Llama({ ...swept, context: swept.length });
  fillQuickly(small);
  const sweepFigures = await sweeping(lens(small, { threads }), size, onProgress);
  return { machine: machine(), threads, parameters: model.parameterCount, size, ...looked, sweep: sweepFigures };
}

type View = Lens<readonly number[], LanguageModel>;

async function looking(whole: ReturnType<typeof lens>, { look, rounds }: LensSize, onProgress: (what: string) => void) {
  const view = whole as unknown as View;
  const ids = textOf('look', look.length, look.vocabulary);
  const changed = view.with(zero('blocks.1.attention.mixed', { heads: [1] }));
  const runs = {
    forward: () => view.capture(ids, 'logits'),
    patterns: () => view.capture(ids, 'logits, *attention.pattern'),
    intervention: () => changed.capture(ids, 'logits'),
  };
  const names = Object.keys(runs) as (keyof typeof runs)[];
  const times: Record<keyof typeof runs, number[]> = { forward: [], patterns: [], intervention: [] };
  for (let round = -warmUp; round < rounds; round++) {
    onProgress(`forward, patterns, intervention: ${round + warmUp + 1} of ${rounds + warmUp}`);
    // Each in its turn goes first.
    const order = names.map((_, i) => names[(i + Math.max(0, round)) % names.length] as keyof typeof runs);
    for (const name of order) {
      const start = performance.now();
      await runs[name]();
      if (round >= 0) times[name].push(performance.now() - start);
    }
  }
  await view.dispose();
  const ratio = (name: keyof typeof runs): number => summarize(times[name].map((ms, i) => ms / (times.forward[i] as number))).median;
  const { forward, patterns, intervention } = times;
  return {
    ...{ forward: summarize(forward), patterns: summarize(patterns), intervention: summarize(intervention) },
    ...{ patternsToForward: ratio('patterns'), interventionToForward: ratio('intervention') },
  };
}

async function sweeping(whole: ReturnType<typeof lens>, { swept, apart }: LensSize, onProgress: (what: string) => void) {
  const view = whole as unknown as View;
  const [clean, corrupted] = [textOf('clean', swept.length, swept.vocabulary), textOf('corrupted', swept.length, swept.vocabulary)];
  const metric = { kind: 'logitDifference', token: 1, against: 2 } as const;
  const site = 'blocks.*.attention.mixed';
  onProgress('a sweep');
  const spec = { kind: 'activation', clean, corrupted, site, by: ['layer', 'head', 'position'], metric } as const;
  await sweep(view, { ...spec, by: ['layer', 'head'] });
  const { cost } = await sweep(view, spec);
  onProgress('its cells one by one');
  const stored = await resample(view, 'blocks.0.attention.mixed', clean);
  const cell = (n: number) => view.with({ ...stored, heads: [n % swept.heads], positions: [n % swept.length] }).measure(corrupted, metric);
  await cell(0);
  const start = performance.now();
  for (let n = 0; n < apart; n++) await cell(n);
  const msPerCellApart = (performance.now() - start) / apart;
  await view.dispose();
  return { cells: cost.cells, seconds: cost.seconds, batch: cost.batch, msPerCell: (1000 * cost.seconds) / cost.cells, msPerCellApart };
}

/** Rounds that are not counted. */
const warmUp = 2;

function textOf(name: string, length: number, vocabulary: number): number[] {
  const key = randomKey(0, name);
  return Array.from({ length }, (_, i) => below(key, i, vocabulary));
}
