import { fail } from '../../../core/index.js';
import type { StartBenchResult } from '../start/start.node.js';
import { type DotGroup, dotPlot } from './dot-plot.js';
import { type LengthAxis, lengthChart, reachChart } from './log-charts.js';
import * as groups from './ratio-groups.js';

/** What a bench measured, as its `--json` has it. */
export interface BenchRecord {
  readonly bench: string;
}

export interface PlotOptions {
  readonly title?: string | undefined;
  /** Of a bench of lengths: what is drawn over the length; `stepMs` by default. */
  readonly y?: LengthAxis | undefined;
}

/** Ratios: the title, and the groups of a record. Right of 1 ours is faster. */
const ratios: Readonly<Record<string, readonly [string, (record: never) => readonly DotGroup[]]>> = {
  step: ['A training step', groups.stepGroups],
  attention: ['Attention forward and backward', groups.attentionGroups],
  recurrent: ['Recurrent layers forward and backward', groups.recurrentGroups],
  inference: ['Prompts and tokens of a GPT-2', groups.inferenceGroups],
  lens: ['What the lens costs', groups.lensGroups],
  models: ['Training steps of kinds of models', groups.modelsGroups],
  'training-peers': ['A training step against other libraries for JavaScript', groups.trainingPeersGroups],
  'llama-cpp': ['Prompts and tokens against llama.cpp', groups.llamaCppGroups],
  browser: ['A training step in the browser', groups.browserGroups],
};

/** Benches that can be drawn. */
export const plotted: readonly string[] = [...Object.keys(ratios), 'start', 'length', 'reach'];

/**
 * What a bench measured, as one self-contained SVG: ratios with their spread over the rounds and the baseline at 1; starts in
 * milliseconds beside node's own; lines over lengths and distances.
 * @throws name: a record of no known bench; value: a record with nothing to draw
 */
export function plotBench(record: BenchRecord, { title, y = 'stepMs' }: PlotOptions = {}): string {
  if (record.bench === 'length') return lengthChart((record as never as { rows: never }).rows, y, title ?? lengthTitles[y]);
  if (record.bench === 'reach') return reachChart((record as never as { rows: never }).rows, title ?? 'How far back gradients reach');
  if (record.bench === 'start') return startChart(record as StartBenchResult, title ?? 'From the command until it is ready');
  const known = Object.hasOwn(ratios, record.bench) ? ratios[record.bench] : undefined;
  if (known === undefined)
    throw fail('name', { where: 'plot', rule: `a record of ${plotted.join(', ')}`, got: JSON.stringify(record.bench) });
  const [name, groupsOf] = known;
  return dotPlot(withRows(groupsOf(record as never)), {
    ...{ title: title ?? name, axis: 'times as fast (the dot: median; the line: all rounds)' },
    baseline: { at: 1, name: 'as fast' },
    text: (x) => (x >= 10 ? x.toFixed(1) : x.toFixed(2)),
  });
}

const lengthTitles: Readonly<Record<LengthAxis, string>> = {
  stepMs: 'A step with gradients over the length',
  forwardMs: 'A forward pass over the length',
  stepMiB: 'Memory of a step over the length',
};

function startChart({ rows, baseline }: StartBenchResult, title: string): string {
  const dots = (isOurs: boolean): DotGroup['rows'] =>
    rows
      .filter((row) => row.isOurs === isOurs && row.name !== baseline)
      .map(({ name, warm: { median, min, max } }) => ({ name, value: median, low: min, high: max, of: isOurs ? 'ours' : 'another' }));
  const at = rows.find(({ name }) => name === baseline)?.warm.median ?? Number.NaN;
  return dotPlot(
    withRows([
      { heading: 'ours', rows: dots(true) },
      { heading: 'to be ready, before any model', rows: dots(false) },
    ]),
    {
      ...{ title, axis: 'milliseconds, files in the system’s cache (the dot: median; the line: all rounds)' },
      baseline: { at, name: baseline },
      text: (ms) => ms.toFixed(0),
    },
  );
}

function withRows(all: readonly DotGroup[]): readonly DotGroup[] {
  const some = all.filter(({ rows }) => rows.length > 0);
  if (some.length > 0) return some;
  throw fail('value', { where: 'plot', rule: 'a figure beside its baseline', got: 'none: the baseline was not there' });
}
