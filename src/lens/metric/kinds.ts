import { divergence } from './divergence.js';
import type { MetricKind } from './kind.js';
import { loss } from './loss.js';
import type { Metric } from './metric.js';
import { norm } from './norm.js';
import { logitDifference, logProbability, probability } from './token-metrics.js';

type Kinds = { readonly [K in Metric['kind']]: MetricKind<Extract<Metric, { readonly kind: K }>> };

/** Every kind of metric there is. */
export const metricKinds: Kinds = { logitDifference, logProbability, probability, loss, kl: divergence, norm };

/** The kind of a metric, whose own type it takes. */
export function metricKindOf(metric: Metric): MetricKind<Metric> {
  return metricKinds[metric.kind] as unknown as MetricKind<Metric>;
}
