import { fail } from '../../../core/index.js';
import type { AttentionLayer, AttentionValue, HeadRef } from '../../protocol/index.js';
import type { Run } from '../run/run.js';
import { differenceOf, type Pairs } from './difference.js';

/** What is looked at: a run, or A − B over the tokens that both have. */
export interface Looked {
  readonly run: Run;
  readonly minus?:
    | { readonly run: Run; readonly pairs: Pairs /** Of translations, the sources' tokens. */; readonly sourcePairs?: Pairs }
    | undefined;
}

/** One head's scores or pattern, [rows,columns]: queries and keys. */
export interface HeadMatrix {
  readonly rows: number;
  readonly columns: number;
  readonly data: Float32Array;
  /** Of several cells seen as one: the largest, or the one farthest from 0. */
  readonly strongest: 'largest' | 'farthest';
  /** Whether keys after a query count: not for a decoder's scores, which the mask takes out. */
  readonly causal: boolean;
}

/** @throws value: no such layer or head */
export async function headMatrix(looked: Looked, { layer, head }: HeadRef, value: AttentionValue): Promise<HeadMatrix> {
  const own = await matrixOf(looked.run, layer, head, value);
  if (looked.minus === undefined) return own;
  const other = await matrixOf(looked.minus.run, layer, head, value);
  const { pairs, sourcePairs = pairs } = looked.minus;
  const { kind, path } = looked.run.attention[layer] as AttentionLayer;
  const isEncoder = path.startsWith('encoder.');
  return differenceOf(own, other, isEncoder ? sourcePairs : pairs, isEncoder || kind === 'cross' ? sourcePairs : pairs);
}

async function matrixOf(run: Run, layer: number, head: number, value: AttentionValue): Promise<HeadMatrix> {
  const { data, shape } = await run.attentionOf(layer, value);
  const [, heads, rows, columns] = shape as [number, number, number, number];
  if (!(Number.isInteger(head) && head >= 0 && head < heads))
    throw fail('value', { where: 'head', rule: `a head from 0 to ${heads - 1} of layer ${layer}`, got: String(head) });
  const size = rows * columns;
  return {
    rows,
    columns,
    data: (data as Float32Array).subarray(head * size, (head + 1) * size),
    strongest: 'largest',
    causal: (run.attention[layer] as AttentionLayer).causal,
  };
}
