import { fail, type HostArray } from '../../core/index.js';
import type { Tensor } from '../../ops/index.js';
import type { TracedRun } from '../program-trace.js';
import { rowOf } from '../rows.js';
import type { MetricInputs } from './kind.js';
import { metricKindOf } from './kinds.js';
import type { Metric } from './metric.js';

const prefix = 'metric.';

/** A metric of certain runs: what it is fed, and how it is traced. */
export class MetricPlan {
  private constructor(
    readonly metric: Metric,
    /** The first axis is the rows, or 1. */
    private readonly arrays: Readonly<Record<string, HostArray>>,
  ) {}

  /** @throws value, name, axis, shape: a metric that does not fit the run */
  static of(metric: Metric, inputs: MetricInputs): MetricPlan {
    return new MetricPlan(metric, metricKindOf(metric).arrays(metric, inputs));
  }

  /** By the names of a program's inputs. */
  get feeds(): Readonly<Record<string, HostArray>> {
    return Object.fromEntries(Object.entries(this.arrays).map(([name, array]) => [prefix + name, array]));
  }

  /** Tells programs apart. */
  get key(): string {
    const { kind, position, at } = this.metric as { kind: string; position?: number; at?: string };
    return `${kind} ${position ?? ''} ${at ?? ''} ${Object.entries(this.arrays).map(([name, { shape }]) => `${name}[${shape}]`)}`;
  }

  /** The same for runs of one row, however often it is repeated. */
  row(n: number): MetricPlan {
    return new MetricPlan(this.metric, Object.fromEntries(Object.entries(this.arrays).map(([name, array]) => [name, rowOf(array, n)])));
  }

  /** @param bind an input of the program for each array @returns [B] */
  trace(sites: TracedRun['sites'], bind: (name: string, array: HostArray) => Tensor): Tensor {
    const { metric } = this;
    const site = (name: string): Tensor => {
      const found = sites.get(name)?.value;
      if (found !== undefined) return found;
      throw fail('name', { where: metric.kind, rule: 'a site of the model', got: name });
    };
    const arrays = Object.entries(this.arrays).map(([name, array]) => [name, bind(prefix + name, array)] as const);
    return metricKindOf(metric).trace(metric, { site, arrays: Object.fromEntries(arrays) });
  }
}
