import { fail, type HostArray } from '../../core/index.js';
import type { ProgramOptions } from '../../runtime/index.js';
import type { Tokenizer } from '../../tokenizers/index.js';
import { attentionSites, type Stream } from '../attention-sites.js';
import { type LensPrompt, type Looked, run, traceModel } from '../trace.js';

/** One attention layer as a step of information: each place of a stream reads itself, and places of what it attends to. */
export interface FlowStep {
  readonly path: string;
  readonly stream: Stream;
  /** The stream that keys are of: its own, or the source's last state. */
  readonly from: Stream;
  /** T, S */
  readonly queries: number;
  readonly keys: number;
  /** [T,S], row-major: the mean over heads. */
  readonly weights: Float64Array;
}

export interface FlowOptions extends ProgramOptions {
  readonly tokenizer?: Tokenizer | undefined;
  /** How much of each state is its own state before, by the residual connection; a half by default, as in the paper. */
  readonly residual?: number;
}

/** The attention of one run as layers of a graph, in the order of computation. */
export interface FlowGraph {
  readonly steps: readonly FlowStep[];
  /** The stream that the model speaks from: the target, where there is one. */
  readonly last: Stream;
  readonly residual: number;
}

/** @throws unsupported: a model without attention; shape: several texts, or a sequence whose length changes; value: a share outside 0 … 1 */
export async function flowGraph(model: Looked, prompt: LensPrompt, options: FlowOptions = {}): Promise<FlowGraph> {
  const { tokenizer, residual = 0.5, ...engine } = options;
  if (!(residual >= 0 && residual <= 1)) throw fail('value', { where: 'residual', rule: 'a share from 0 to 1', got: String(residual) });
  const traced = traceModel(model, prompt, tokenizer);
  const sites = attentionSites(traced);
  if (sites.length === 0)
    throw fail('unsupported', {
      where: 'attention flow',
      rule: 'a model whose patterns are sites',
      got: `one without`,
    });
  const outputs = Object.fromEntries(sites.map(({ pattern }) => [pattern, traced.sites.get(pattern)?.mean({ axis: 1 })]));
  const values = await run(traced, outputs as Parameters<typeof run>[1], engine);
  const steps = sites.map(({ path, pattern, queries: stream, keys: from }): FlowStep => {
    const { shape, data } = values[pattern] as HostArray;
    const [rows, queries, keys] = shape as [number, number, number];
    if (rows !== 1) throw fail('shape', { where: 'attention flow', rule: 'one text at a time', got: `${rows} rows` });
    return { path, stream, from, queries, keys, weights: Float64Array.from(data as Float32Array) };
  });
  const odd = steps.find(({ stream, from, queries, keys }) => stream === from && queries !== keys);
  if (odd !== undefined)
    throw fail('shape', {
      where: 'attention flow',
      path: odd.path,
      rule: 'as many keys as queries',
      got: `${odd.keys} and ${odd.queries}`,
    });
  return { steps, last: (steps.at(-1) as FlowStep).stream, residual };
}
