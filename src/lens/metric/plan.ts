import { fail, type HostArray } from '../../core/index.js';
import type { Tensor } from '../../ops/index.js';
import type { MetricInputs } from './kind.js';
import { metricKindOf } from './kinds.js';
import type { Metric } from './metric.js';

/** A metric of certain runs: what it is fed, and how it is traced. */
export interface MetricPlan {
  /** By the names of a program's inputs; the first axis is the rows, or 1. */
  readonly feeds: Readonly<Record<string, HostArray>>;
  /** Tells programs apart. */
  readonly key: string;
  /** @param bind an input of the program for each array @returns [B] */
  trace(sites: ReadonlyMap<string, { readonly value: Tensor }>, bind: (name: string, array: HostArray) => Tensor): Tensor;
}

const prefix = 'metric.';

/** @throws value, name, axis, shape: a metric that does not fit the run */
export function metricPlan(metric: Metric, inputs: MetricInputs): MetricPlan {
  const kind = metricKindOf(metric);
  const arrays = Object.entries(kind.arrays(metric, inputs)).map(([name, array]) => [name, prefix + name, array] as const);
  const { position, at } = metric as { position?: number; at?: string };
  return {
    feeds: Object.fromEntries(arrays.map(([, name, array]) => [name, array])),
    key: `${metric.kind} ${position ?? ''} ${at ?? ''} ${arrays.map(([, name, { shape }]) => `${name}[${shape}]`)}`,
    trace: (sites, bind) => {
      const site = (name: string): Tensor => {
        const found = sites.get(name)?.value;
        if (found !== undefined) return found;
        throw fail('name', { where: metric.kind, rule: 'a site of the model', got: name });
      };
      return kind.trace(metric, { site, arrays: Object.fromEntries(arrays.map(([short, name, array]) => [short, bind(name, array)])) });
    },
  };
}
