import type { AttentionBenchResult } from '../attention.node.js';
import type { InferenceBenchResult } from '../inference/inference.node.js';
import { slotNames, slotOf } from '../inference/size.js';
import type { LensFigures } from '../lens.node.js';
import type { ComparisonRecord } from '../models/record.js';
import type { RecurrentBenchResult } from '../recurrent.node.js';
import { median, type Summary } from '../statistics.js';
import type { StepBenchResult } from '../step-result.js';
import type { DotGroup, DotRow } from './dot-plot.js';
import type { BrowserRecord, LlamaCppRecord, TrainingPeersRecord } from './records.js';

/** Of a time of ours over another's: how many times as fast ours is. */
function speed(name: string, { median, min, max }: Pick<Summary, 'median' | 'min' | 'max'>): DotRow {
  return { name, value: 1 / median, low: 1 / max, high: 1 / min };
}

export function stepGroups({ sizes, versions }: StepBenchResult): DotGroup[] {
  return [{ heading: `over PyTorch ${versions.torch}`, rows: sizes.map(({ size, timing }) => speed(size, timing.paired)) }];
}

export function attentionGroups({ cases, torch }: AttentionBenchResult): DotGroup[] {
  const rows = cases.map(({ shape, timing }) => speed(shape.causal ? 'causal' : 'every key', timing.paired));
  return [{ heading: `over PyTorch ${torch.torch}`, rows }];
}

export function recurrentGroups({ cells, torch }: RecurrentBenchResult): DotGroup[] {
  const rows = cells.flatMap(({ cell, torch }) => (torch === undefined ? [] : [speed(cell.toUpperCase(), torch.timing.paired)]));
  return torch === undefined ? [] : [{ heading: `over PyTorch ${torch.torch}`, rows }];
}

export function inferenceGroups({ prompts, tokens, size, torch }: InferenceBenchResult): DotGroup[] {
  const share = (name: string, { median, min, max }: Summary): DotRow => ({ name, value: median, low: min, high: max });
  const prompt = (batch: number): string => `prompt of ${size.prompt}, batch ${batch}`;
  const token = (slot: (typeof slotNames)[number]): string => {
    const { batch, position } = slotOf(size, slot);
    return `token after ${position}, batch ${batch}`;
  };
  const raced = [
    ...prompts.flatMap(({ batch, ratio }) => (ratio === undefined ? [] : [speed(prompt(batch), ratio)])),
    ...slotNames.flatMap((slot) => {
      const { ratio } = tokens[slot];
      return ratio === undefined ? [] : [speed(token(slot), ratio)];
    }),
  ];
  return [
    ...(torch === undefined ? [] : [{ heading: `over PyTorch ${torch.torch}`, rows: raced }]),
    { heading: 'over the best matrix product', rows: prompts.map(({ batch, shareOfBest }) => share(prompt(batch), shareOfBest)) },
    { heading: 'over reading the weights once', rows: slotNames.map((slot) => share(token(slot), tokens[slot].share)) },
  ];
}

/** The lens's passes over the forward pass alone: below 1 is what they cost. */
export function lensGroups({ patternsToForward, interventionToForward }: LensFigures): DotGroup[] {
  const rows = [
    { name: 'with every pattern', value: 1 / patternsToForward },
    { name: 'with a head zeroed', value: 1 / interventionToForward },
  ];
  return [{ heading: 'over the forward pass', rows }];
}

export function modelsGroups({ times }: ComparisonRecord): DotGroup[] {
  const tasks = [...new Set(times.map(({ task }) => task))];
  return tasks.map((task) => ({
    heading: `${task}, over the Transformer`,
    rows: times.filter((t) => t.task === task).map(({ model, ratio }) => ({ name: model, value: 1 / ratio })),
  }));
}

export function trainingPeersGroups({ results }: TrainingPeersRecord): DotGroup[] {
  const rows = Object.entries(results).flatMap(([name, result]) =>
    'missing' in result
      ? []
      : [{ name: `${name} ${result.version}`, value: result.ratio, low: result.ratios.min, high: result.ratios.max }],
  );
  return [{ heading: 'the S step, over', rows }];
}

export function llamaCppGroups({ models }: LlamaCppRecord): DotGroup[] {
  return Object.entries(models).flatMap(([model, { times }]) =>
    Object.entries(times).map(([task, sides]) => ({
      heading: `${model}, ${task}, over`,
      rows: Object.entries(sides).flatMap(([side, ms]) => {
        if (side === 'ours') return [];
        const rounds = ms.map((other, i) => other / (sides.ours?.[i] ?? Number.NaN));
        return [{ name: side, value: median(rounds), low: Math.min(...rounds), high: Math.max(...rounds) }];
      }),
    })),
  );
}

export function browserGroups({ results, baseline }: BrowserRecord): DotGroup[] {
  const rows = results.filter(({ name }) => name !== baseline).map(({ name, ratio }) => speed(name, ratio));
  return [{ heading: `the S step, over ${baseline}`, rows }];
}
