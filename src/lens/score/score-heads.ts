import { fail, HostArray, nearest } from '../../core/index.js';
import type { ProgramOptions } from '../../runtime/index.js';
import type { Tokenizer } from '../../tokenizers/index.js';
import { attentionSites } from '../attention-sites.js';
import { LabelledArray } from '../labelled.js';
import { type LensPrompt, type Looked, modelOf, traceModel } from '../trace.js';
import { attentionWeights } from '../weights/attention-weights.js';
import { VocabularyCircuits } from '../weights/vocabulary-circuits.js';
import { type LayerSeen, readPatterns } from './read-patterns.js';
import { headScores } from './registry.js';
import { type RepeatedBlockOptions, repeatedBlocks } from './repeated-blocks.js';
import { rotaryOf } from './rotary-of.js';
import type { HeadScore } from './score.js';

export interface HeadScoreOptions extends ProgramOptions, RepeatedBlockOptions {
  /** What heads are scored on; random blocks that are repeated, by default. */
  readonly prompt?: LensPrompt | undefined;
  readonly tokenizer?: Tokenizer | undefined;
  /** Which scores: names of `headScores`, or scores of one's own; all by default. */
  readonly scores?: readonly (string | HeadScore)[] | undefined;
  /** Whether norms count as parts of the matrices behind them, for scores of weights; they do by default. */
  readonly fold?: boolean;
}

/**
 * Scores every head of a model.
 * @returns [layer, head, score]: layers by path, scores by name; NaN where a layer has fewer heads, or where a score says nothing
 * of a head. A score that says nothing of any head is left out, unless it was asked for
 * @throws unsupported: a model without attention; name: a score that is not there; and as `traceModel`
 * @example (await scoreHeads(model)).at('blocks.1.attention', 3, 'induction')
 */
export async function scoreHeads(model: Looked, options: HeadScoreOptions = {}): Promise<LabelledArray> {
  const scores = chosen(options.scores);
  const prompts = options.prompt === undefined ? repeatedBlocks(modelOf(model), options) : [options.prompt];
  const means = await fromRuns(model, prompts, scores, options);
  await fromWeights(model, means, scores, options);
  const layers = [...means.keys()];
  const heads = Math.max(...[...means.values()].map((m) => m.length));
  const isTold = (i: number): boolean => options.scores !== undefined || [...means.values()].some((m) => m.some((h) => h[i]?.count));
  const shown = scores.map((_, i) => i).filter(isTold);
  const values = layers.flatMap((layer) =>
    Array.from({ length: heads }, (_, head) => shown.map((i) => means.get(layer)?.[head]?.[i]?.value ?? Number.NaN)).flat(),
  );
  return new LabelledArray(
    [
      { name: 'layer', labels: layers },
      { name: 'head', labels: Array.from({ length: heads }, (_, i) => i) },
      { name: 'score', labels: shown.map((i) => (scores[i] as HeadScore).name) },
    ],
    new HostArray(Float64Array.from(values), [layers.length, heads, shown.length], 'float64'),
  );
}

/** A mean that is still being made. */
class Mean {
  #sum = 0;
  count = 0;

  add(x: number | undefined): void {
    if (x === undefined) return;
    this.#sum += x;
    this.count += 1;
  }

  get value(): number | undefined {
    return this.count === 0 ? undefined : this.#sum / this.count;
  }
}

/** By layer: per head a mean for each score. */
type Means = Map<string, Mean[][]>;

async function fromRuns(
  model: Looked,
  prompts: readonly LensPrompt[],
  scores: readonly HeadScore[],
  { tokenizer, ...options }: HeadScoreOptions,
): Promise<Means> {
  const means: Means = new Map();
  const radians = rotaryOf(modelOf(model));
  const vectors = radians !== undefined && scores.some((s) => s.of === 'vectors');
  const traces = prompts.map((prompt) => traceModel(model, prompt, tokenizer));
  if (traces.every((traced) => attentionSites(traced).length === 0)) {
    const rule = 'a model with attention layers, whose patterns are sites';
    throw fail('unsupported', { where: 'scoreHeads', rule, got: `${modelOf(model).constructor.name}, which has none` });
  }
  const see = (seen: LayerSeen): void => {
    const { path } = seen.site;
    if (!means.has(path))
      means.set(
        path,
        seen.patterns.map(() => scores.map(() => new Mean())),
      );
    seen.patterns.forEach((pattern, head) => {
      scores.forEach((score, i) => {
        const mean = means.get(path)?.[head]?.[i];
        if (score.of === 'pattern') mean?.add(score.score(pattern));
        if (score.of === 'vectors' && radians !== undefined) mean?.add(score.score(vectorsOf(seen, head, radians)));
      });
    });
  };
  await readPatterns(traces, see, { ...engineOf(options), vectors });
  return means;
}

function vectorsOf({ query, key, row, patterns }: LayerSeen, head: number, radians: Float64Array) {
  const rows = ({ data, shape }: HostArray, h: number): Float32Array => {
    const [, heads, length, width] = shape as [number, number, number, number];
    const from = (row * heads + h) * length * width;
    return (data as Float32Array).subarray(from, from + length * width);
  };
  const [q, k] = [query as HostArray, key as HostArray];
  const shared = Math.floor((head * (k.shape[1] as number)) / patterns.length);
  return { query: rows(q, head), key: rows(k, shared), width: q.shape[3] as number, radians, interleaved: false };
}

async function fromWeights(
  model: Looked,
  means: Means,
  scores: readonly HeadScore[],
  { fold = true, ...options }: HeadScoreOptions,
): Promise<void> {
  const wants = (of: HeadScore['of']): boolean => scores.some((s) => s.of === of);
  if (!wants('weights') && !wants('circuit')) return;
  const layers = attentionWeights(modelOf(model), { fold }).filter(({ path }) => means.has(path));
  const circuits = wants('circuit') ? await VocabularyCircuits.of(modelOf(model), fold, engineOf(options)) : undefined;
  try {
    for (const { path, heads, head } of layers) {
      for (let h = 0; h < heads; h++) {
        const weights = head(h);
        const circuit = await circuits?.circuit(weights);
        scores.forEach((score, i) => {
          const mean = means.get(path)?.[h]?.[i];
          if (score.of === 'weights') mean?.add(score.score(weights));
          if (score.of === 'circuit' && circuit !== undefined) mean?.add(score.score(circuit));
        });
      }
    }
  } finally {
    await circuits?.dispose();
  }
}

function engineOf({ device, threads }: ProgramOptions): ProgramOptions {
  return { ...(device && { device }), ...(threads !== undefined && { threads }) };
}

function chosen(asked: HeadScoreOptions['scores']): readonly HeadScore[] {
  if (asked === undefined) return headScores;
  return asked.map((score) => {
    if (typeof score !== 'string') return score;
    const found = headScores.find(({ name }) => name === score);
    if (found !== undefined) return found;
    const known = headScores.map(({ name }) => name);
    const fix = `Nearest: ${nearest(score, known).join(', ')}`;
    throw fail('name', { where: 'scores', rule: `scores of heads, of ${known.join(', ')}`, got: JSON.stringify(score), fix });
  });
}
