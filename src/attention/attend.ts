import { broadcastShapes, type Dim, equalDims, equalShapes, fail, formatShape } from '../core/index.js';
import { concat, dropout, formatSpec, iota, split, type Tensor, tap } from '../ops/index.js';
import { attendInBands, bandCount } from './causal-bands.js';
import { both } from './masks/both.js';
import { weightedSum } from './mixes/weighted-sum.js';
import { softmaxNormaliser } from './normalisers/softmax.js';
import { type Bias, type Mask, type Mix, type Normaliser, type Part, partFunction, type Score } from './parts.js';
import { type Places, placesAfter, placesOf } from './places.js';
import { scaledDotProductScore } from './scores/dot-product.js';

/** What an attention is made of. What is left out is scaled dot-product attention's. */
export interface AttentionParts {
  /** How queries meet keys; q·k/√D by default. */
  readonly score?: Part<Score> | undefined;
  /** Who may meet whom; everyone by default. */
  readonly mask?: Part<Mask> | undefined;
  /** What is added to the scores; nothing by default. */
  readonly bias?: Part<Bias> | undefined;
  /** What makes weights of scores; softmax by default. */
  readonly normaliser?: Part<Normaliser> | undefined;
  /** How weights meet values; their weighted sum by default. */
  readonly mix?: Part<Mix> | undefined;
  /** Dropout of the pattern, while training. */
  readonly dropout?: number | undefined;
}

/** Keys and values of earlier tokens, in memory of a fixed size. */
export interface Past {
  /** [B,K,P,D] */
  readonly keys: Tensor;
  /** [B,K,P,D] */
  readonly values: Tensor;
  /** [B,P] bool, true where the memory holds a token. */
  readonly filled: Tensor;
}

/** What one call is told besides queries, keys and values. */
export interface AttentionInputs {
  /** [T,S], or what broadcasts to [B,H,T,S], the S of `key`; bool, true = attend. It narrows the attention's own mask. */
  readonly mask?: Tensor | undefined;
  /** Added to the scores, besides the attention's own bias; broadcasts to [B,H,T,S]. */
  readonly bias?: Tensor | undefined;
  readonly past?: Past | undefined;
  /** What of the memory may be attended to, of what it holds; [T,P], or what broadcasts to [B,H,T,P], bool. All of it by default. */
  readonly pastMask?: Tensor | undefined;
  /** Promises that every query may attend to something, as a causal one may to itself: saves a pass. */
  readonly everyQueryAttends?: boolean | undefined;
  /** Promises that no query may attend to a key after its own: training may then leave those pairs out (`withCausalBands`). */
  readonly nothingLater?: boolean | undefined;
  /** Where queries and keys stand; 0, 1, 2, … by default, after the memory's tokens where there is one. */
  readonly places?: Places | undefined;
}

/** Keys that are scored together, and what belongs to them. */
interface Segment {
  readonly keys: Tensor;
  readonly values: Tensor;
  readonly places: Places;
}

/**
 * Attention = score × mask × bias × normaliser × mix: `mix(dropout(normaliser(score(q, k) + bias | mask)), v)`.
 *
 * With `past`, keys and values of earlier tokens stand before the new ones, S = P + T; each part is asked for the memory
 * and for the new tokens, so nothing is copied together.
 * Taps the sites `query`, `key`, `value`, `scores`, `pattern` and `mixed` of the module that calls.
 * @param query [B,H,T,D] @param key [B,K,S,D], K divides H @param value [B,K,S,D'], D' may differ
 * @returns [B,T,H,D']
 * @throws shape, dtype: queries, keys, values, masks and biases that do not fit
 */
export function attend(
  query: Tensor,
  key: Tensor,
  value: Tensor,
  options: AttentionParts & { readonly inputs?: AttentionInputs } = {},
): Tensor {
  const inputs = options.inputs ?? {};
  const { past } = inputs;
  checkFit(query, key, value, inputs);
  const q = tap('query', query);
  const recent = { keys: tap('key', key), values: tap('value', value) };
  const bands = bandCount(query, key, options);
  if (bands > 1) return tap('mixed', attendInBands(q, recent.keys, recent.values, bands, options).transpose([0, 2, 1, 3]));
  const segments = segmentsOf(q, recent, inputs);
  const score = partFunction(options.score ?? scaledDotProductScore());
  const bias = options.bias === undefined ? undefined : partFunction(options.bias);
  const parts = segments.map(({ keys, places }) => {
    const own = score(q, keys, places);
    return bias === undefined ? own : biased(own, bias(places));
  });
  const joined = parts.length === 1 ? (parts[0] as Tensor) : concat(parts, 3);
  const scores = tap('scores', inputs.bias === undefined ? joined : biased(joined, inputs.bias));
  const mask = joinedMask(segments, scores, options.mask === undefined ? undefined : partFunction(options.mask), inputs);
  const normalise = partFunction(options.normaliser ?? softmaxNormaliser());
  const everyQueryAttends = inputs.everyQueryAttends ?? mask === undefined;
  const pattern = tap('pattern', normalise(scores, { mask, everyQueryAttends })); // [B,H,T,S]
  const weights = dropout(pattern, options.dropout ?? 0);
  const mix = partFunction(options.mix ?? weightedSum);
  const byPart =
    past === undefined
      ? [weights]
      : split(
          weights,
          segments.map((s) => s.keys.shape[2] as number),
          3,
        );
  const mixed = segments.map(({ values, places }, i) => mix(byPart[i] as Tensor, values, places)).reduce((a, b) => a.add(b));
  return tap('mixed', mixed.transpose([0, 2, 1, 3]));
}

function segmentsOf(q: Tensor, recent: Omit<Segment, 'places'>, { past, places }: AttentionInputs): readonly Segment[] {
  const [length, keys] = [q.shape[2] as Dim, recent.keys.shape[2] as Dim];
  if (past === undefined) return [{ ...recent, places: places ?? placesOf(length, keys) }];
  const after = placesAfter(past.filled, length, keys);
  const own = places === undefined ? after : { past: { ...after.past, query: places.query }, recent: places };
  return [
    { keys: past.keys, values: past.values, places: own.past },
    { ...recent, places: own.recent },
  ];
}

/** What the attention and the caller allow, over all keys: of the memory and the new ones side by side. */
function joinedMask(segments: readonly Segment[], scores: Tensor, own: Mask | undefined, inputs: AttentionInputs): Tensor | undefined {
  const ownAt = ({ places }: Segment): Tensor | undefined => own && boolean(own(places));
  const recent = both(ownAt(segments.at(-1) as Segment), inputs.mask);
  const { past } = inputs;
  if (past === undefined) return recent;
  const [batch, , length] = scores.shape as [number, number, number];
  const [capacity, added] = segments.map(({ keys }) => keys.shape[2]) as [number, number];
  const filled = past.filled.reshape([batch, 1, 1, capacity]);
  const held = both(both(filled, ownAt(segments[0] as Segment)), inputs.pastMask) as Tensor;
  const heads = Math.max(headsOf(held), recent === undefined ? 1 : headsOf(recent));
  const among = recent ?? everywhere(length, added);
  return concat([held.expand([batch, heads, length, capacity]), among.expand([batch, heads, length, added])], 3);
}

/** s + b; a bias that would make more scores of them, as one of more heads, is refused. */
function biased(scores: Tensor, bias: Tensor): Tensor {
  const shape = broadcastShapes(scores.shape, bias.shape);
  if (shape !== undefined && equalShapes(shape, scores.shape)) return scores.add(bias);
  throw refuse(`a bias that broadcasts to the scores [B,H,T,S], ${formatShape(scores.shape)}`, formatSpec(bias));
}

function headsOf(mask: Tensor): number {
  return (mask.shape.at(-3) ?? 1) as number;
}

/** [T,S] bool, all true; the lengths may be symbolic. */
function everywhere(length: Dim, keys: Dim): Tensor {
  const row = iota(keys).reshape([1, keys]);
  return row.equal(row).expand([length, keys]);
}

/** What a mask part gave, held to booleans. */
function boolean(mask: Tensor): Tensor {
  if (mask.dtype === 'bool') return mask;
  throw refuse('a mask that gives booleans, true = attend', formatSpec(mask), 'dtype');
}

/**
 * Queries, keys, values and what the caller adds: what can be told before anything is computed.
 * @throws shape, dtype: what does not fit, whatever the form
 */
export function checkFit(query: Tensor, key: Tensor, value: Tensor, { mask, pastMask, bias, past }: AttentionInputs): void {
  for (const [name, x] of Object.entries({ query, key, value })) {
    if (x.rank !== 4) throw refuse(`a ${name} [B,heads,length,width]`, formatSpec(x));
  }
  const [heads, keyHeads, valueHeads] = [query, key, value].map((x) => x.shape[1] as number) as [number, number, number];
  if (heads % keyHeads !== 0) throw refuse('a number of key heads that divides the query heads', `${keyHeads} for ${heads}`);
  if (keyHeads !== valueHeads) throw refuse('as many value heads as key heads', `${valueHeads} and ${keyHeads}`);
  const [keys, values] = [key.shape[2] as Dim, value.shape[2] as Dim];
  if (!equalDims(keys, values)) throw refuse('as many values as keys', `${formatSpec(value)} for ${formatSpec(key)}`);
  checkMask('mask', mask, query, key);
  if (pastMask !== undefined && past === undefined) throw refuse('a past for the pastMask', 'none');
  if (past !== undefined) checkMask('pastMask', pastMask, query, past.keys);
  if (bias !== undefined && bias.dtype === 'bool') throw refuse('a float bias', formatSpec(bias), 'dtype', 'Pass what forbids as mask');
}

/** A caller's mask: [T,S] for all, or [B,H,T,S]. One of three axes could mean texts or heads, and is refused. */
function checkMask(name: string, mask: Tensor | undefined, query: Tensor, key: Tensor): void {
  if (mask === undefined) return;
  if (mask.dtype !== 'bool')
    throw refuse(`a boolean ${name}, true = attend`, formatSpec(mask), 'dtype', 'Pass what is added to scores as bias');
  const scores = [...query.shape.slice(0, 3), key.shape[2] as Dim];
  const together = broadcastShapes(mask.shape, scores);
  const fits = together !== undefined && equalShapes(together, scores);
  if (fits && (mask.rank === 2 || mask.rank === 4)) return;
  const rule = fits
    ? `a ${name} of two axes, [T,S], or of four, [B,H,T,S]`
    : `a ${name} that broadcasts to [B,H,T,S], ${formatShape(scores)}`;
  throw refuse(rule, formatSpec(mask), 'shape', 'A mask of each text is [B,1,T,S]');
}

function refuse(rule: string, got: string, code: 'shape' | 'dtype' = 'shape', fix?: string): Error {
  return fail(code, { where: 'attention', rule, got, ...(fix && { fix }) });
}
