import { fail, type HostArray } from '../../../core/index.js';
import { logProbability } from '../../../generate/index.js';
import type { Metric } from '../../protocol/index.js';
import type { Run } from '../run/run.js';

/** What a row of logits is worth by a metric. @throws value: a token outside the vocabulary */
export function metricOf(logits: Float32Array, metric: Metric): number {
  const { token } = metric;
  const against = metric.kind === 'logit-difference' ? metric.against : token;
  for (const id of [token, against])
    if (logits[id] === undefined) throw fail('value', { where: 'metric', rule: `a token from 0 to ${logits.length - 1}`, got: String(id) });
  if (metric.kind === 'log-probability') return logProbability(logits, token);
  return (logits[token] as number) - (logits[against] as number);
}

/** The rows of logits [B,V] or [B,1,V]. */
export function rowsIn({ data, shape }: HostArray): Float32Array[] {
  const rows = shape[0] as number;
  const width = data.length / rows;
  return Array.from({ length: rows }, (_, row) => (data as Float32Array).subarray(row * width, (row + 1) * width));
}

/** Bytes of every value that a run of one row computes. */
export function bytesOfRun({ graph }: Run): number {
  const computed = graph.tensors.filter(({ node }) => node.inputs.length > 0);
  return computed.reduce((sum, { shape }) => sum + 4 * (shape as readonly number[]).reduce((a, b) => a * b, 1), 0);
}
