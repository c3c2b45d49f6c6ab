import { HostArray } from '../../../core/index.js';
import { concat, input, linear, type Parameter, parameterTensor, type Tensor } from '../../../ops/index.js';
import { lowerProgram, Program } from '../../../runtime/index.js';

/** What a reader of all weights is called, and one pass of it. */
export interface WeightReader {
  readonly name: string;
  read(): Promise<void>;
  dispose(): Promise<void>;
}

/**
 * Three ways to read some matrices once, of which the quickest tells the machine's read bandwidth: products with one row, the
 * largest elements, and one thread of JavaScript.
 */
export async function weightReaders(weights: readonly Parameter[], threads: number): Promise<readonly WeightReader[]> {
  return [await productReader(weights, threads), await largestReader(weights, threads), scriptReader(weights)];
}

/** y = x W for every weight, x one row, by an engine that holds the weights laid out for it: what a token costs at the least. */
async function productReader(weights: readonly Parameter[], threads: number): Promise<WeightReader> {
  const rows = new Map<number, Tensor>();
  const products = weights.map((p) => {
    const [height, columns] = p.shape as [number, number];
    // Tall tables are read along their rows, as the head does.
    const transposed = height > columns;
    const width = transposed ? columns : height;
    const x = rows.get(width) ?? input(`x${width}`, [1, width]);
    rows.set(width, x);
    return linear(x, parameterTensor(p), { transposed })
      .reshape([-1])
      .slice([[0, 1]]);
  });
  const inputs = [...rows].map(([width, { shape, dtype }]) => ({ name: `x${width}`, spec: { shape, dtype } }));
  const lowered = lowerProgram({ y: concat(products, 0) }, inputs, { embedParameters: true });
  const feeds = [...rows.keys()].map((width) => [`x${width}`, new HostArray(new Float32Array(width).fill(1), [1, width], 'float32')]);
  return reader('product', await Program.create(lowered, { threads }), Object.fromEntries(feeds));
}

/** The largest element of every weight, read where it lies. */
async function largestReader(weights: readonly Parameter[], threads: number): Promise<WeightReader> {
  const parts = weights.map((p) =>
    parameterTensor(p)
      .max({ axis: 1 })
      .slice([[0, 1]]),
  );
  return reader('largest', await Program.create(lowerProgram({ y: concat(parts, 0) }, []), { threads }), {});
}

function reader(name: string, program: Program, feeds: Readonly<Record<string, HostArray>>): WeightReader {
  return { name, read: async () => void (await program.run(feeds)), dispose: () => program.dispose() };
}

/** One thread of plain JavaScript. */
function scriptReader(weights: readonly Parameter[]): WeightReader {
  let all = 0;
  const read = async (): Promise<void> => {
    // Kept, so that no compiler finds the reading idle.
    for (const { value } of weights) all ^= parity(value.data as Float32Array);
  };
  return { name: 'script', read, dispose: async () => void all };
}

/** The exclusive or of all words: it has no rounding, and eight go on at once, since each waits for the one before. */
function parity(values: Float32Array): number {
  const words = new Int32Array(values.buffer, values.byteOffset, values.length);
  let [a, b, c, d, e, f, g, h] = [0, 0, 0, 0, 0, 0, 0, 0];
  for (let i = 0; i + 8 <= words.length; i += 8) {
    a ^= words[i] as number;
    b ^= words[i + 1] as number;
    c ^= words[i + 2] as number;
    d ^= words[i + 3] as number;
    e ^= words[i + 4] as number;
    f ^= words[i + 5] as number;
    g ^= words[i + 6] as number;
    h ^= words[i + 7] as number;
  }
  return a ^ b ^ c ^ d ^ e ^ f ^ g ^ h;
}
