import { fail, HostArray } from '../../core/index.js';
import { substitute } from '../../ops/graph.js';
import { exp, logSoftmax, type Tensor, topK } from '../../ops/index.js';
import type { ProgramOptions } from '../../runtime/index.js';
import type { Tokenizer } from '../../tokenizers/index.js';
import { LabelledArray } from '../labelled.js';
import { type LensPrompt, type Looked, run, type Traced, traceModel } from '../trace.js';

export interface LogitLensOptions extends ProgramOptions {
  readonly tokenizer?: Tokenizer | undefined;
  /** How many of the most probable tokens are told at each place; 5 by default, or all there are. */
  readonly top?: number;
  /** What becomes of a layer's stream before the head reads it: a tuned lens's translators, say. Nothing by default. */
  readonly translate?: (site: string, stream: Tensor) => Tensor;
}

/** What a model would say after each layer, had it ended there. */
export interface LogitLens {
  /** [layer, position, rank] token ids, the most probable first. Of a model with one row of logits, one position. */
  readonly tokens: LabelledArray;
  /** [layer, position, rank] their probabilities. */
  readonly probabilities: LabelledArray;
  /** [layer, position] KL(p ‖ p_layer) in nats, p the model's own last word: 0 at the last layer. */
  readonly divergence: LabelledArray;
  /** [layer, position] −Σ p_layer ln p_layer, in nats. */
  readonly entropy: LabelledArray;
}

/**
 * The logit lens (nostalgebraist 2020): the residual stream after each layer, read by what reads the last one: the final norm and
 * the head, whatever they are. In a post-norm model layers are normalised already; of an encoder–decoder, the decoder's layers.
 * @returns a row for each site of the residual stream (`residual.pre` of the first block, then each `residual.mid` and `.post`)
 * @throws unsupported: a model without logits or a residual stream; shape: several texts
 */
export async function logitLens(model: Looked, prompt: LensPrompt, options: LogitLensOptions = {}): Promise<LogitLens> {
  const { tokenizer, top = 5, translate = (_: string, x: Tensor) => x, ...engine } = options;
  if (!Number.isInteger(top) || top < 1) throw fail('value', { where: 'top', rule: 'a whole number from 1', got: String(top) });
  const traced = traceModel(model, prompt, tokenizer);
  const layers = streamSites(traced);
  const rows = (logits: Tensor): Tensor => logits.reshape([-1, logits.shape.at(-1) as number]); // [T,V], or [1,V]
  const last = logSoftmax(rows(traced.output));
  if ((traced.output.shape[0] as number) !== 1)
    throw fail('shape', { where: 'logitLens', rule: 'one text at a time', got: `${traced.output.shape[0]} rows` });
  const outputs: Record<string, Tensor> = {};
  const count = Math.min(top, last.shape[1] as number);
  for (const [site, stream] of layers) {
    const logits = readAt(traced, layers, translate(site, stream));
    const logP = logSoftmax(rows(logits));
    const [values, ids] = topK(exp(logP), count);
    outputs[`probabilities ${site}`] = values;
    outputs[`tokens ${site}`] = ids;
    outputs[`divergence ${site}`] = exp(last).mul(last.sub(logP)).sum({ axis: -1 });
    outputs[`entropy ${site}`] = exp(logP).mul(logP).sum({ axis: -1 }).neg();
  }
  const found = await run(traced, outputs, engine);
  const sites = [...layers.keys()];
  const positions = Array.from({ length: last.shape[0] as number }, (_, i) => i);
  const axes = [
    { name: 'layer', labels: sites },
    { name: 'position', labels: positions },
  ];
  const ranks = { name: 'rank', labels: Array.from({ length: count }, (_, i) => i) };
  const stack = (what: string, more: readonly (typeof ranks)[] = []): LabelledArray => {
    const parts = sites.map((site) => (found[`${what} ${site}`] as HostArray).data as Float32Array | Int32Array);
    const shape = [sites.length, positions.length, ...more.map(({ labels }) => labels.length)];
    const data = what === 'tokens' ? Int32Array.from(parts.flatMap((p) => [...p])) : Float32Array.from(parts.flatMap((p) => [...p]));
    return new LabelledArray([...axes, ...more], new HostArray(data, shape, what === 'tokens' ? 'int32' : 'float32'));
  };
  return {
    tokens: stack('tokens', [ranks]),
    probabilities: stack('probabilities', [ranks]),
    divergence: stack('divergence'),
    entropy: stack('entropy'),
  };
}

/** The logits of a run whose last layer gave another stream. */
export function readAt({ output }: Traced, layers: ReadonlyMap<string, Tensor>, stream: Tensor): Tensor {
  const final = [...layers.values()].at(-1) as Tensor;
  return substitute([output], new Map([[final, stream]]))[0] as Tensor;
}

/**
 * The states of the residual stream that leads to the logits, in order: before the first block, then after each sublayer.
 * @throws unsupported: a model without logits, or without such sites
 */
export function streamSites({ sites }: Pick<Traced, 'sites'>): Map<string, Tensor> {
  const names = [...sites.keys()].filter((name) => /(?:^|\.)residual\.(?:pre|mid|cross|post)$/.test(name));
  const stack = /^(.*?)blocks\.\d+\.residual\.post$/.exec(names.at(-1) ?? '')?.[1];
  if (stack === undefined || !sites.has('logits')) {
    const rule = 'a model of blocks with a residual stream (sites blocks.….residual.post) and a head (site logits)';
    throw fail('unsupported', { where: 'residual stream', rule, got: 'one without' });
  }
  const own = names.filter((name) => name.startsWith(`${stack}blocks.`));
  // The state before a block is the one after the block before it.
  const distinct = own.filter((name, i) => i === 0 || !name.endsWith('.pre'));
  return new Map(distinct.map((name) => [name, sites.get(name) as Tensor]));
}
