import { MultiHeadAttention, SelfAttention } from '../../attention/index.js';
import { fail } from '../../core/index.js';
import { type Linear, LowRankLinear, type Module } from '../../nn/index.js';
import { type Matrix, matrix, product } from '../algebra/matrix.js';
import { type Reading, readingsOf } from './reading.js';

/** The weights of one head, as maps of rows: q = x W_Q, k = c W_K, v = c W_V, and W_O takes what is mixed back to the stream. */
export interface HeadWeights {
  /** The layer's path, such as `blocks.0.attention`. */
  readonly layer: string;
  readonly head: number;
  /** [C,D] */
  readonly query: Matrix;
  /** [C,D], of the key head that this query head shares. */
  readonly key: Matrix;
  /** [C,D'], likewise. */
  readonly value: Matrix;
  /** [D',C] */
  readonly output: Matrix;
}

export interface WeightsOptions {
  /**
   * Whether the norm that a projection reads through is made a part of it: x̂ ∘ γ W = x̂ (diag(γ) W), and for a LayerNorm, which
   * takes the mean away, the mean of W's columns too. What is left of the norm is a division by one number a token.
   */
  readonly fold?: boolean;
}

/** An attention layer of a model: its name, its heads, and the weights of each, which are cut out when they are asked for. */
export interface AttentionWeights {
  readonly path: string;
  readonly heads: number;
  /** Key and value heads; each serves heads / kvHeads neighbouring query heads. */
  readonly kvHeads: number;
  /** @throws value: a head that is not there */
  head(index: number): HeadWeights;
}

/**
 * The attention layers of a model, in the order of its fields, whichever projections they have: packed as in GPT-2, apart, with
 * grouped heads, factorised, of self-attention or cross-attention. A layer of another kind (latent attention, say) has no
 * matrices per head, and is left out.
 */
export function attentionWeights(model: Module, { fold = false }: WeightsOptions = {}): AttentionWeights[] {
  const readings = fold ? readingsOf(model) : undefined;
  return [...model.modules()].flatMap(([path, module]) => {
    if (!(module instanceof SelfAttention || module instanceof MultiHeadAttention)) return [];
    const layer = projectionsOf(module, readings);
    const { heads } = module;
    const kvHeads = module instanceof SelfAttention ? heads : module.kvHeads;
    return [{ path, heads, kvHeads, head: (index: number) => headOf(path, index, { ...layer, heads, kvHeads }) }];
  });
}

interface Projections {
  readonly query: () => Matrix;
  readonly key: () => Matrix;
  readonly value: () => Matrix;
  readonly output: () => Matrix;
}

function projectionsOf(module: SelfAttention | MultiHeadAttention, readings: ReadonlyMap<object, Reading> | undefined): Projections {
  const read = (layer: Linear | LowRankLinear): Matrix => {
    const first = layer instanceof LowRankLinear ? layer.down : layer.weight;
    const reading = readings?.get(first);
    const weight = hostMatrix(first);
    const folded = reading === undefined ? weight : foldNorm(weight, reading);
    return layer instanceof LowRankLinear ? product(folded, hostMatrix(layer.up)) : folded;
  };
  const once = (make: () => Matrix): (() => Matrix) => {
    let made: Matrix | undefined;
    return () => {
      made ??= make();
      return made;
    };
  };
  // The output projection reads what heads mixed, through no norm.
  const plain = (layer: Linear | LowRankLinear): Matrix =>
    layer instanceof LowRankLinear ? product(hostMatrix(layer.down), hostMatrix(layer.up)) : hostMatrix(layer.weight);
  const output = once(() => plain(module.output));
  if (module instanceof MultiHeadAttention) {
    return { query: once(() => read(module.query)), key: once(() => read(module.key)), value: once(() => read(module.value)), output };
  }
  const packed = once(() => read(module.qkv));
  const third = (i: number) => (): Matrix => columns(packed(), (i * packed().columns) / 3, packed().columns / 3);
  return { query: once(third(0)), key: once(third(1)), value: once(third(2)), output };
}

function headOf(
  layer: string,
  head: number,
  { heads, kvHeads, ...parts }: Projections & Pick<AttentionWeights, 'heads' | 'kvHeads'>,
): HeadWeights {
  if (!Number.isInteger(head) || head < 0 || head >= heads)
    throw fail('value', { where: 'head', path: layer, rule: `a head from 0 to ${heads - 1}`, got: String(head) });
  const shared = Math.floor((head * kvHeads) / heads);
  const slice = (all: Matrix, count: number, index: number): Matrix => columns(all, (index * all.columns) / count, all.columns / count);
  const output = parts.output();
  const depth = output.rows / heads;
  return {
    layer,
    head,
    query: slice(parts.query(), heads, head),
    key: slice(parts.key(), kvHeads, shared),
    value: slice(parts.value(), kvHeads, shared),
    output: {
      rows: depth,
      columns: output.columns,
      data: output.data.subarray(head * depth * output.columns, (head + 1) * depth * output.columns),
    },
  };
}

/** diag(γ) W; of a LayerNorm, with the mean of each column taken away, as the norm takes the mean of x. */
function foldNorm(weight: Matrix, { gain, centred }: Reading): Matrix {
  const { rows, columns: width } = weight;
  const scaled = matrix(rows, width, (i, j) => (weight.data[i * width + j] as number) * (gain[i] as number));
  if (!centred) return scaled;
  const means = new Float64Array(width);
  scaled.data.forEach((x, at) => {
    means[at % width] = (means[at % width] as number) + x / rows;
  });
  return matrix(rows, width, (i, j) => (scaled.data[i * width + j] as number) - (means[j] as number));
}

function columns({ rows, columns: width, data }: Matrix, from: number, count: number): Matrix {
  return matrix(rows, count, (i, j) => data[i * width + from + j] as number);
}

function hostMatrix({
  value,
}: {
  readonly value: { readonly shape: readonly number[]; readonly data: ArrayLike<number | bigint> };
}): Matrix {
  const [rows, width] = value.shape as [number, number];
  return { rows, columns: width, data: Float64Array.from(value.data as Float32Array) };
}
