import { fail, HostArray } from '../../core/index.js';
import type { Stream } from '../attention-sites.js';
import { LabelledArray } from '../labelled.js';
import type { LensPrompt, Looked } from '../trace.js';
import { type FlowGraph, type FlowOptions, flowGraph } from './attention-flow-graph.js';
import { FlowNetwork } from './max-flow.js';
import { inputsOf } from './rollout.js';

export interface AttentionFlowOptions extends FlowOptions {
  /** The places to trace back, from the front or negative from the end; all by default, at a maximum flow for each pair. */
  readonly positions?: readonly number[];
}

/**
 * Attention flow (Abnar and Zuidema 2020, section 3.2): the most that can flow from each input to each last state, when every
 * edge of (A + I)/2 is a pipe of that width: what the narrowest layer on the way lets through, where rollout multiplies.
 * @returns [position, input], as `attentionRollout` has them; from 0 to 1
 * @throws as `attentionRollout`; value: a position that is not there
 */
export async function attentionFlow(model: Looked, prompt: LensPrompt, options: AttentionFlowOptions = {}): Promise<LabelledArray> {
  const graph = await flowGraph(model, prompt, options);
  const { inputs, offsets, count } = inputsOf(graph);
  const { network, starts, ends } = networkOf(graph, offsets);
  const length = ends.length;
  const positions = (options.positions ?? Array.from({ length }, (_, i) => i)).map((p) => (p < 0 ? p + length : p));
  const bad = positions.find((p) => !(Number.isInteger(p) && p >= 0 && p < length));
  if (bad !== undefined) throw fail('value', { where: 'positions', rule: `places from 0 to ${length - 1}`, got: String(bad) });
  const values = positions.flatMap((p) => starts.map((start) => network.most(ends[p] as number, start)));
  const axes = [{ name: 'position', labels: positions }, inputs];
  return new LabelledArray(axes, new HostArray(Float64Array.from(values), [positions.length, count], 'float64'));
}

/** A node for each place of each state, with arcs from a state to what it is made of. */
function networkOf(
  { steps, last, residual }: FlowGraph,
  offsets: ReadonlyMap<Stream, number>,
): { readonly network: FlowNetwork; readonly starts: readonly number[]; readonly ends: readonly number[] } {
  const arcs: [number, number, number][] = [];
  const nodes = new Map<Stream, readonly number[]>();
  let made = 0;
  const row = (length: number): readonly number[] => Array.from({ length }, () => made++);
  const starts: number[] = [];
  const stateOf = (stream: Stream, length: number): readonly number[] => {
    const known = nodes.get(stream);
    if (known !== undefined) return known;
    const first = row(length);
    nodes.set(stream, first);
    first.forEach((node, i) => {
      starts[(offsets.get(stream) as number) + i] = node;
    });
    return first;
  };
  for (const { stream, from, queries, keys, weights } of steps) {
    const [own, read] = [stateOf(stream, queries), stateOf(from, keys)];
    const next = row(queries);
    next.forEach((node, q) => {
      // Within one stream, a place's own weight and the residual are one pipe.
      const kept = residual + (stream === from ? (1 - residual) * (weights[q * keys + q] as number) : 0);
      arcs.push([node, own[q] as number, kept]);
      for (let k = 0; k < keys; k++) {
        if (stream !== from || k !== q) arcs.push([node, read[k] as number, (1 - residual) * (weights[q * keys + k] as number)]);
      }
    });
    nodes.set(stream, next);
  }
  const network = new FlowNetwork(made);
  for (const arc of arcs) network.arc(...arc);
  return { network, starts, ends: nodes.get(last) as readonly number[] };
}
