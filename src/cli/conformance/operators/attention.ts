import { attend, type Past, type Places, placesAfter, placesOf, scaledDotProductScore, softCapped } from '../../../attention/index.js';
import { HostArray } from '../../../core/index.js';
import { concat, constant, iota, maximum, type Tensor, where } from '../../../ops/index.js';
import { sitesOf } from '../../../runtime/index.js';
import { type Attributes, type Operator, required } from '../operator.js';

/** What may be attended to, and what is added to the scores. Both broadcast to [B,H,T,P + S]. */
interface Restriction {
  readonly mask: Tensor | undefined;
  readonly bias: Tensor | undefined;
}

/** A float mask's least numbers do not forbid: they stay above what a boolean mask makes of scores. */
const least = -1e29;

/**
 * ONNX Attention, opsets 23 to 25: 3-D and 4-D layouts, grouped heads, causal masks aligned to what precedes, windows,
 * boolean and float masks, a memory inside the operator or outside it (`nonpad_kv_seqlen`), soft cap, scores at four stages.
 */
export const attention: Operator = {
  apply: (inputs, attributes) => {
    const flat = required(inputs, 0, 'Q').rank === 3;
    const heads = (index: number, name: string, count: number | undefined): Tensor => byHead(required(inputs, index, name), count);
    const kvHeads = attributes.number('kv_num_heads');
    const query = heads(0, 'Q', attributes.number('q_num_heads'));
    const [key, value] = [heads(1, 'K', kvHeads), heads(2, 'V', kvHeads)];
    const past = pastOf(inputs[4], inputs[5]);
    const places = placesOfCase(query, key, past, inputs[6]);
    const { mask, bias } = restriction(inputs[3], inputs[6], places, attributes);
    const score = scaledDotProductScore({ scale: attributes.number('scale') });
    const cap = attributes.number('softcap', 0);
    const capped = cap > 0 ? softCapped(score, cap) : score;
    const [pastMask, ownMask] = past === undefined ? [undefined, mask] : halves(mask, past);
    const y = attend(query, key, value, {
      score: capped,
      inputs: {
        mask: ownMask,
        bias: bias && maximum(bias, least),
        past,
        pastMask,
        everyQueryAttends: false,
        ...(past === undefined && { places: places.all }),
      },
    }); // [B,T,H,D]
    const [allKeys, allValues] = past === undefined ? [key, value] : [concat([past.keys, key], 2), concat([past.values, value], 2)];
    const stage = (): Tensor => {
      const mode = attributes.number('qk_matmul_output_mode', 0);
      const raw = (mode === 0 ? score : capped)(query, allKeys, places.all);
      if (mode < 2) return raw;
      if (mode === 3) return sitesOf([y]).get('pattern') as Tensor;
      const added = bias === undefined ? raw : raw.add(bias);
      return mask === undefined ? added : where(mask, added, Number.NEGATIVE_INFINITY);
    };
    return [flat ? y.reshape([...y.shape.slice(0, 2), -1]) : y.transpose([0, 2, 1, 3]), allKeys, allValues, stage()];
  },
};

/** [B,T,H·D] → [B,H,T,D]; what has heads already stays. */
function byHead(x: Tensor, heads: number | undefined): Tensor {
  if (x.rank === 4 || heads === undefined) return x;
  const [batch, length, width] = x.shape as [number, number, number];
  return x.reshape([batch, length, heads, width / heads]).transpose([0, 2, 1, 3]);
}

function pastOf(keys: Tensor | undefined, values: Tensor | undefined): Past | undefined {
  if (keys === undefined || values === undefined) return undefined;
  const [batch, , capacity] = keys.shape as [number, number, number];
  const filled = new HostArray(new Uint8Array(batch * capacity).fill(1), [batch, capacity], 'bool');
  return { keys, values, filled: constant(filled) };
}

/** Queries follow what precedes them: the memory, or what a memory outside holds (`nonpad` keys in all). */
function placesOfCase(query: Tensor, key: Tensor, past: Past | undefined, nonpad: Tensor | undefined): { readonly all: Places } {
  const [batch, , length] = query.shape as [number, number, number];
  const keys = key.shape[2] as number;
  if (past !== undefined) {
    const { past: early, recent } = placesAfter(past.filled, length, keys);
    const among = [early.key, recent.key].map((k) => k.expand([batch, 1, 1, k.shape[3] as number]));
    return { all: { query: recent.query, key: concat(among, 3) } };
  }
  const all = placesOf(length, keys);
  if (nonpad === undefined) return { all };
  return { all: { query: all.query.add(nonpad.sub(length).reshape([batch, 1, 1, 1])), key: all.key } };
}

function restriction(
  given: Tensor | undefined,
  nonpad: Tensor | undefined,
  places: { readonly all: Places },
  attributes: Attributes,
): Restriction {
  const { query, key } = places.all;
  const keys = key.shape.at(-1) as number;
  const masks: Tensor[] = [];
  if (attributes.number('is_causal', 0) !== 0) masks.push(key.lessEqual(query));
  const [left, right] = [attributes.number('left_window_size', -1), attributes.number('right_window_size', -1)];
  if (left >= 0) masks.push(query.sub(key).lessEqual(left));
  if (right >= 0) masks.push(key.sub(query).lessEqual(right));
  if (nonpad !== undefined)
    masks.push(
      iota(keys)
        .reshape([1, 1, 1, keys])
        .less(nonpad.reshape([-1, 1, 1, 1])),
    );
  let bias: Tensor | undefined;
  if (given !== undefined) {
    const whole = given.reshape([1, 1, 1, ...given.shape].slice(-4)); // of any rank from 1
    // A mask that is shorter than the keys forbids the rest.
    const padding = [[0, 0] as const, [0, 0] as const, [0, 0] as const, [0, keys - (given.shape.at(-1) as number)] as const];
    if (given.dtype === 'bool') masks.push(whole.pad(padding, 0));
    else {
      // −∞ in a float mask forbids; what is finite is added.
      const allowed = whole.greater(Number.NEGATIVE_INFINITY);
      masks.push(allowed.pad(padding, 0));
      bias = where(allowed, whole, 0).pad(padding, 0);
    }
  }
  return { mask: masks.length === 0 ? undefined : masks.reduce((a, b) => a.logicalAnd(b)), bias };
}

/** The part of a mask that speaks of the memory, and the part of the new keys. */
function halves(mask: Tensor | undefined, past: Past): [Tensor | undefined, Tensor | undefined] {
  if (mask === undefined) return [undefined, undefined];
  const capacity = past.keys.shape[2] as number;
  return mask.split([capacity, (mask.shape.at(-1) as number) - capacity], -1) as [Tensor, Tensor];
}
