import { turns } from '../core/event-loop.js';
import { fail } from '../core/index.js';
import type { LanguageModel } from '../models/index.js';
import { logProbabilities } from './log-probability.js';
import type { NextTokensOptions } from './next-tokens.js';
import { checkOptions, type Finish } from './options.js';
import { Ranking } from './ranking.js';
import { type Next, rowsOf } from './rows.js';
import { penaltiesOf, type SamplingOptions } from './sampling-options.js';

export interface BeamOptions
  extends Omit<NextTokensOptions, 'capture'>,
    Pick<SamplingOptions, 'repetitionPenalty' | 'noRepeatNgram' | 'processors'> {
  /** How many texts are kept at every step, and given back. */
  readonly beams: number;
  readonly maxNewTokens: number;
  /** α, the exponent of the length; 1 by default, 0 compares whole texts, larger prefers longer ones. */
  readonly lengthPenalty?: number;
  /** Tokens that end a text; the one that did is its last. */
  readonly stopIds?: readonly number[];
  /** The same of the model's own ends of a text. */
  readonly endIds?: readonly number[];
  readonly signal?: AbortSignal;
}

/** A text that the search found. */
export interface Beam {
  /** The prompt and what follows it. */
  readonly ids: number[];
  readonly newIds: number[];
  /** log p of each new token under the model itself. */
  readonly logprobs: number[];
  /** Σ log p / length^α over the new tokens, after penalties. */
  readonly score: number;
  readonly finish: Finish;
}

/** A text on its way: its tokens, the sum of its scores, and each token's log p. */
interface Hypothesis {
  readonly ids: readonly number[];
  readonly sum: number;
  readonly logprobs: readonly number[];
}

/** A hypothesis with one more token, and the row of the one that it goes on from. */
interface Extension extends Hypothesis {
  readonly from: number;
  readonly id: number;
}

/**
 * Beam search: at every step the `beams` likeliest continuations are kept, and of all that ended or reached
 * `maxNewTokens`, those of the best score Σ log p / length^α are given back, the best first. With as many beams as there
 * are texts it is an exhaustive search.
 *
 * The score is that of Hugging Face's transformers, length being the number of new tokens, the stop token counted. Wu et
 * al. 2016 ("Google's Neural Machine Translation System", eq. 14) divide by ((5 + length) / 6)^α instead. Penalties act
 * on the log probabilities, which are not divided again by what is left. The search ends when no text on its way can
 * still be better than the worst of `beams` ended ones.
 *
 * All beams are rows of one run of the model; a beam that goes on from another copies that row of the cache.
 * @param promptIds at least one token; with `maxNewTokens` at most the context
 * @throws value: a bad option or prompt, or nothing that may come next; the signal's reason, when it aborts
 * @example const [best] = await beamSearch(model, [1, 2, 3], { beams: 4, maxNewTokens: 20, stopIds: [0] });
 */
export async function beamSearch(model: LanguageModel, promptIds: ArrayLike<number>, options: BeamOptions): Promise<Beam[]> {
  checkBeams(model, promptIds, options);
  const { beams, maxNewTokens, lengthPenalty = 1, stopIds = [], endIds = [], signal } = options;
  const score = ({ sum }: Hypothesis, length: number): number => sum / length ** lengthPenalty;
  const ended: Beam[] = [];
  const end = (text: Hypothesis, finish: Finish): void => {
    const newIds = text.ids.slice(promptIds.length);
    ended.push({ ids: [...text.ids], newIds, logprobs: [...text.logprobs], score: score(text, newIds.length), finish });
    ended.sort((a, b) => b.score - a.score);
    ended.length = Math.min(ended.length, beams);
  };
  const rows = await rowsOf(model, beams, options);
  const turn = turns();
  try {
    signal?.throwIfAborted();
    let live: Hypothesis[] = [{ ids: Array.from(promptIds), sum: 0, logprobs: [] }];
    let next: Next[] = [await rows.read(0, Array.from(promptIds))];
    for (let length = 1; length <= maxNewTokens; length++) {
      await turn();
      signal?.throwIfAborted();
      const going: Extension[] = [];
      for (const [rank, text] of extensions(live, next, options).entries()) {
        const isEnd = endIds.includes(text.id);
        const isStop = isEnd || stopIds.includes(text.id);
        // An ended text takes a place among the best of its step, as if it went on.
        if (isStop && rank < beams) end(text, isEnd ? 'end' : 'stopId');
        if (!isStop && going.length < beams) going.push(text);
      }
      live = going;
      if (length === maxNewTokens) for (const text of going) end(text, 'length');
      if (length === maxNewTokens || going.length === 0) break;
      // Sums only fall; a longer text divides its by more, which is to its favour where α is positive.
      const hope = Math.max(...going.map((text) => score(text, lengthPenalty > 0 ? maxNewTokens : length + 1)));
      if (ended.length === beams && hope <= (ended.at(-1) as Beam).score) break;
      next = await rows.follow(
        going.map(({ from }) => from),
        going.map(({ ids }) => ids),
      );
    }
    if (ended.length === 0) {
      throw fail('value', {
        where: 'beam search',
        rule: 'at least one token that may come next',
        got: 'all forbidden',
        fix: 'Forbid less',
      });
    }
    return ended;
  } finally {
    await rows.dispose();
  }
}

/**
 * The likeliest continuations of all hypotheses, the likeliest first: enough that, were every stop token among them,
 * `beams` others are left.
 */
function extensions(live: readonly Hypothesis[], next: readonly Next[], options: BeamOptions): Extension[] {
  const { beams, stopIds = [], endIds = [] } = options;
  const count = beams + new Set([...stopIds, ...endIds]).size;
  const all = live.flatMap((text, from) => {
    const { logits } = next[from] as Next;
    const logprob = logProbabilities(logits);
    const own = Float64Array.from(logits, (_, id) => logprob(id));
    const scores = penaltiesOf(options).reduce<Float64Array>((scores, step) => step(scores, text.ids), own);
    const ranking = new Ranking(scores);
    const best: Extension[] = [];
    for (let id = ranking.next(); id !== undefined && best.length < count; id = ranking.next()) {
      const gain = scores[id] as number;
      if (gain === Number.NEGATIVE_INFINITY) break;
      best.push({ ids: [...text.ids, id], sum: text.sum + gain, logprobs: [...text.logprobs, own[id] as number], from, id });
    }
    return best;
  });
  return all.sort((a, b) => b.sum - a.sum || a.from - b.from || a.id - b.id);
}

function checkBeams(model: LanguageModel, prompt: ArrayLike<number>, options: BeamOptions): void {
  const { beams, maxNewTokens, lengthPenalty = 1 } = options;
  const refuse = (rule: string, got: number, fix?: string): never => {
    throw fail('value', { where: 'beam search', rule, got: String(got), ...(fix !== undefined && { fix }) });
  };
  if (!Number.isInteger(beams) || beams < 1) refuse('beams is a whole number from 1', beams);
  if (!Number.isFinite(lengthPenalty)) refuse('lengthPenalty is a number', lengthPenalty);
  checkOptions(model, prompt, options);
  if (maxNewTokens < 1) refuse('maxNewTokens is a whole number from 1', maxNewTokens);
  if (prompt.length + maxNewTokens > model.context) {
    const room = `at most ${model.context} tokens of prompt and continuation, the model's context`;
    refuse(room, prompt.length + maxNewTokens, 'Ask for fewer tokens');
  }
}
