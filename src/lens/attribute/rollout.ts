import { HostArray } from '../../core/index.js';
import type { Stream } from '../attention-sites.js';
import { type Axis, LabelledArray } from '../labelled.js';
import type { LensPrompt, Looked } from '../trace.js';
import { type FlowGraph, type FlowOptions, type FlowStep, flowGraph } from './attention-flow-graph.js';

/**
 * Attention rollout (Abnar and Zuidema 2020, section 3.1): how much of each input each last state is made of, if attention were all
 * there is: the product over layers of (A + I)/2, A the mean over heads. Cross-attention brings in the source's rollout by the
 * same rule, so that a row is over targets and sources together.
 * @returns [position, input]: places of the stream that the model speaks from; inputs are `target 3`, `source 0` where there
 * are two streams, else places. Rows sum to 1
 * @throws as `flowGraph`
 */
export async function attentionRollout(model: Looked, prompt: LensPrompt, options: FlowOptions = {}): Promise<LabelledArray> {
  const graph = await flowGraph(model, prompt, options);
  const { inputs, offsets, count } = inputsOf(graph);
  /** By stream, [length, inputs]: at the start each place is its own input. */
  const states = new Map<Stream, Float64Array>();
  const stateOf = (stream: Stream, length: number): Float64Array => {
    let state = states.get(stream);
    if (state === undefined) {
      state = new Float64Array(length * count);
      for (let i = 0; i < length; i++) state[i * count + (offsets.get(stream) as number) + i] = 1;
      states.set(stream, state);
    }
    return state;
  };
  for (const { stream, from, queries, keys, weights } of graph.steps) {
    const [own, read] = [stateOf(stream, queries), stateOf(from, keys)];
    const next = own.map((x) => x * graph.residual);
    for (let q = 0; q < queries; q++) {
      for (let k = 0; k < keys; k++) {
        const w = (1 - graph.residual) * (weights[q * keys + k] as number);
        if (w === 0) continue;
        for (let i = 0; i < count; i++) next[q * count + i] = (next[q * count + i] as number) + w * (read[k * count + i] as number);
      }
    }
    states.set(stream, next);
  }
  const rows = states.get(graph.last) as Float64Array;
  const positions = { name: 'position', labels: Array.from({ length: rows.length / count }, (_, i) => i) };
  return new LabelledArray([positions, inputs], new HostArray(rows, [rows.length / count, count], 'float64'));
}

/** The inputs of all streams side by side, the one that the model speaks from first. */
export function inputsOf({ steps, last }: FlowGraph): {
  readonly inputs: Axis;
  readonly offsets: ReadonlyMap<Stream, number>;
  readonly count: number;
} {
  const lengths = new Map<Stream, number>();
  const lengthOf = ({ stream, from, queries, keys }: FlowStep): void => {
    lengths.set(stream, queries);
    lengths.set(from, keys);
  };
  steps.forEach(lengthOf);
  const ordered = [last, ...[...lengths.keys()].filter((s) => s !== last)];
  const offsets = new Map<Stream, number>();
  const labels: (string | number)[] = [];
  for (const stream of ordered) {
    offsets.set(stream, labels.length);
    const length = lengths.get(stream) as number;
    labels.push(...Array.from({ length }, (_, i) => (ordered.length === 1 ? i : `${stream} ${i}`)));
  }
  return { inputs: { name: 'input', labels }, offsets, count: labels.length };
}
