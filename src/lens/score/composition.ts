import { fail, HostArray } from '../../core/index.js';
import { input, matmul, type Tensor } from '../../ops/index.js';
import { lowerProgram, Program, type ProgramOptions } from '../../runtime/index.js';
import { gram, type Matrix } from '../algebra/matrix.js';
import { LabelledArray } from '../labelled.js';
import { type Looked, modelOf } from '../trace.js';
import { attentionWeights, type HeadWeights } from '../weights/attention-weights.js';

/** Which of a later head's inputs an earlier head's output becomes. */
export type CompositionKind = 'query' | 'key' | 'value';

export interface CompositionOptions extends ProgramOptions {
  /** Which kinds; all by default. */
  readonly kinds?: readonly CompositionKind[];
  /** Whether norms count as parts of the matrices behind them; they do by default. */
  readonly fold?: boolean;
}

/**
 * How much a later head reads of what an earlier one writes: with W_OV = W_V W_O of the earlier head (rows: x W),
 * Q: ‖W_OV W_Q W_Kᵀ‖ / (‖W_OV‖ ‖W_Q W_Kᵀ‖), K: the same with W_K W_Qᵀ, V: ‖W_OV W′_OV‖ / (‖W_OV‖ ‖W′_OV‖), Frobenius norms
 * (Elhage et al. 2021, "Composition scores"). Norms of products of thin matrices are taken from their Gram matrices [D,D].
 * Rotary positions are left aside: W_Q W_Kᵀ is that of a query and a key in one place.
 * @returns [kind, from, to]: heads by path and number, such as `blocks.1.attention.3`; NaN where `to` is not in a later layer
 * of the same stream
 * @throws unsupported: a model without attention; value: a kind that is none
 */
export async function compositionScores(model: Looked, options: CompositionOptions = {}): Promise<LabelledArray> {
  const { kinds = ['query', 'key', 'value'], fold = true, ...engine } = options;
  const odd = kinds.find((kind) => !['query', 'key', 'value'].includes(kind));
  if (odd !== undefined) throw fail('value', { where: 'compositionScores', rule: 'kinds of query, key, value', got: JSON.stringify(odd) });
  const layers = attentionWeights(modelOf(model), { fold }).map(({ path, heads, head }) => ({
    path,
    heads: Array.from({ length: heads }, (_, h) => partsOf(head(h))),
  }));
  if (layers.length === 0)
    throw fail('unsupported', { where: 'compositionScores', rule: 'a model with attention layers', got: modelOf(model).constructor.name });
  const labels = layers.flatMap(({ path, heads }) => heads.map((_, h) => `${path}.${h}`));
  const values = new Float64Array(kinds.length * labels.length ** 2).fill(Number.NaN);
  const products = new Products(engine);
  try {
    let column = 0;
    for (const [later, { path, heads }] of layers.entries()) {
      let row = 0;
      for (const earlier of layers.slice(0, later)) {
        if (reads(path, earlier.path)) {
          for (const [k, kind] of kinds.entries()) {
            const found = await products.scores(earlier.heads, heads, kind, path);
            found.forEach((x, i) => {
              const [from, to] = [row + Math.floor(i / heads.length), column + (i % heads.length)];
              values[(k * labels.length + from) * labels.length + to] = x;
            });
          }
        }
        row += earlier.heads.length;
      }
      column += heads.length;
    }
  } finally {
    await products.dispose();
  }
  const axes = [
    { name: 'kind', labels: kinds },
    { name: 'from', labels },
    { name: 'to', labels },
  ];
  return new LabelledArray(axes, new HostArray(values, [kinds.length, labels.length, labels.length], 'float64'));
}

/** Whether a layer reads what an earlier one wrote: layers of one stream do, and cross-attention reads the encoder's too. */
function reads(later: string, earlier: string): boolean {
  const stream = (path: string): string => /^(encoder|decoder)\./.exec(path)?.[1] ?? '';
  return stream(later) === stream(earlier) || later.endsWith('cross_attention');
}

/** A head's matrices as products want them, and their Gram matrices. */
interface Parts extends HeadWeights {
  readonly grams: Readonly<Record<'query' | 'key' | 'value' | 'output', Matrix>>;
}

function partsOf(head: HeadWeights): Parts {
  const ofRows = ({ rows, columns, data }: Matrix): Matrix => {
    const turned = new Float64Array(data.length);
    for (let i = 0; i < rows; i++) for (let j = 0; j < columns; j++) turned[j * rows + i] = data[i * columns + j] as number;
    return gram({ rows: columns, columns: rows, data: turned });
  };
  return { ...head, grams: { query: gram(head.query), key: gram(head.key), value: gram(head.value), output: ofRows(head.output) } };
}

/** Scores of one layer's heads with another's, a program per pair of sizes. */
class Products {
  readonly #programs = new Map<string, Program>();
  constructor(private readonly engine: ProgramOptions) {}

  /** [from, to] */
  async scores(from: readonly Parts[], to: readonly Parts[], kind: CompositionKind, path: string): Promise<Float64Array> {
    const isFromEncoder = path.endsWith('cross_attention') && (from[0] as Parts).layer.startsWith('encoder.');
    // Cross-attention's queries read the target's stream, its keys and values the source's.
    if (path.endsWith('cross_attention') && isFromEncoder !== (kind !== 'query'))
      return new Float64Array(from.length * to.length).fill(Number.NaN);
    // ‖W_V W_O A Bᵀ‖² = tr(Mᵀ (W_VᵀW_V) M (BᵀB)), M = W_O A.
    const [a, b] = ({ query: ['query', 'key'], key: ['key', 'query'], value: ['value', 'output'] } as const)[kind];
    const feeds = {
      output: stacked(from.map((h) => h.output)),
      left: stacked(from.map((h) => h.grams.value)),
      read: stacked(to.map((h) => h[a])),
      right: stacked(to.map((h) => h.grams[b])),
    };
    const { squares } = await this.#run(feeds);
    const size = (h: Parts, x: 'value' | 'query', y: 'output' | 'key'): number => Math.sqrt(traceOfProduct(h.grams[x], h.grams[y]));
    const own = to.map((h) => (kind === 'value' ? size(h, 'value', 'output') : size(h, 'query', 'key')));
    const written = from.map((h) => size(h, 'value', 'output'));
    return Float64Array.from(squares?.data as Float32Array, (x, i) => {
      const [f, t] = [written[Math.floor(i / to.length)] as number, own[i % to.length] as number];
      return f * t === 0 ? 0 : Math.sqrt(Math.max(0, x)) / (f * t);
    });
  }

  async #run(feeds: Readonly<Record<string, HostArray>>): Promise<Record<string, HostArray>> {
    const key = Object.values(feeds)
      .map(({ shape }) => shape.join('x'))
      .join(' ');
    let program = this.#programs.get(key);
    if (program === undefined) {
      const inputs = Object.entries(feeds).map(([name, { shape }]) => ({ name, spec: input(name, shape) }));
      const [output, left, read, right] = inputs.map(({ spec }) => spec) as [Tensor, Tensor, Tensor, Tensor];
      const each = (t: Tensor, axis: number): Tensor => t.reshape([...t.shape.slice(0, axis), 1, ...t.shape.slice(axis)]);
      const m = matmul(each(output, 1), each(read, 0)); // [from,to,D',D]
      const squares = matmul(each(left, 1), m)
        .mul(matmul(m, each(right, 0)))
        .sum({ axis: [2, 3] });
      program = await Program.create(lowerProgram({ squares }, inputs, this.engine), this.engine);
      this.#programs.set(key, program);
    }
    return program.run(feeds);
  }

  async dispose(): Promise<void> {
    await Promise.all([...this.#programs.values()].map((p) => p.dispose()));
  }
}

/** tr(A B) of symmetric matrices. */
function traceOfProduct(a: Matrix, b: Matrix): number {
  return a.data.reduce((sum, x, i) => sum + x * (b.data[i] as number), 0);
}

function stacked(matrices: readonly Matrix[]): HostArray {
  const { rows, columns } = matrices[0] as Matrix;
  const data = new Float32Array(matrices.length * rows * columns);
  matrices.forEach((m, i) => {
    data.set(m.data, i * rows * columns);
  });
  return new HostArray(data, [matrices.length, rows, columns], 'float32');
}
