import { fail, HostArray, randomBits, randomKey } from '../../core/index.js';
import { Decoder } from '../../generate/index.js';
import { GPT2 } from '../../models/index.js';
import { concat, input, linear, type Parameter, parameterTensor, type Tensor } from '../../ops/index.js';
import { lowerProgram, Program } from '../../runtime/index.js';
import { fillQuickly } from './quick-weights.js';

export interface DecodeBenchOptions {
  /** Threads within an operator; 2 by default. */
  readonly threads?: number;
  /** Tokens timed at each position; 15 by default. */
  readonly tokens?: number;
  readonly layers?: number;
  readonly heads?: number;
  readonly width?: number;
  readonly context?: number;
  readonly vocabulary?: number;
  /** The two positions that are compared. */
  readonly near?: number;
  readonly far?: number;
  /** Hears what is being done. */
  readonly onProgress?: (what: string) => void;
}

/** What a reader of all weights is called, and one pass of it. */
interface Reader {
  readonly name: string;
  read(): Promise<void>;
  dispose(): Promise<void>;
}

/**
 * Time per token of a GPT-2 of random weights (124M parameters by default), early and late in its context, and how it
 * compares to merely reading the weights once. The machine's read bandwidth is that of the fastest of three readers of
 * the same numbers: products with one row, the largest elements, and one thread of JavaScript.
 * Readers and tokens take turns, so that what else the machine does falls on all alike; figures are medians.
 */
export async function decodeBench(options: DecodeBenchOptions = {}): Promise<Record<string, unknown>> {
  const { threads = 2, tokens = 15, near = 64, far = 1000, onProgress = () => {} } = options;
  const { layers = 12, heads = 12, width = 768, context = 1024, vocabulary = 50257 } = options;
  if (!(near >= 1 && far > near && far + tokens + warmUp <= context)) {
    throw fail('value', {
      where: 'bench decode',
      rule: `positions with near < far ≤ ${context - tokens - warmUp} (context − tokens − ${warmUp})`,
      got: `near ${near}, far ${far}`,
    });
  }
  onProgress('filling the weights');
  const model = new GPT2({ layers, heads, width, context, vocabulary });
  fillQuickly(model);
  const weights = [...model.parameters().values()].filter((p) => p.shape.length === 2 && p !== model.positions.weight);
  const weightBytes = weights.reduce((n, p) => n + p.value.data.byteLength, 0);

  onProgress('reading the prompts');
  const readers = [await productReader(weights, threads), await largestReader(weights, threads), scriptReader(weights)];
  const [early, late] = [await Decoder.create(model, { threads }), await Decoder.create(model, { threads })];
  try {
    const promptMs = await timed(() => late.append(textOf(far, vocabulary)));
    await early.append(textOf(near, vocabulary));
    const times: Record<string, number[]> = { early: [], late: [] };
    for (const { name } of readers) times[name] = [];
    for (let round = -warmUp; round < tokens; round++) {
      onProgress(`token ${round + warmUp + 1} of ${tokens + warmUp}`);
      const id = [(round + warmUp) % vocabulary];
      const taken: [string, number][] = [];
      for (const reader of readers) taken.push([reader.name, await timed(() => reader.read())]);
      // Each in its turn goes first: what comes first finds other things in the processor's cache.
      const pair: [string, Decoder][] = [
        ['early', early],
        ['late', late],
      ];
      for (const [name, decoder] of round % 2 === 0 ? pair : pair.reverse()) taken.push([name, await timed(() => decoder.append(id))]);
      if (round >= 0) for (const [name, ms] of taken) times[name]?.push(ms);
    }
    const ms = Object.fromEntries(Object.entries(times).map(([name, list]) => [name, median(list)])) as Record<string, number>;
    const streamMs = Math.min(...readers.map(({ name }) => ms[name] as number));
    const [earlyMs, lateMs] = [ms.early as number, ms.late as number];
    return {
      parameters: model.parameterCount,
      weightBytes,
      threads,
      tokens,
      positions: [near, far],
      readGigabytesPerSecond: Object.fromEntries(readers.map(({ name }) => [name, weightBytes / (ms[name] as number) / 1e6])),
      streamMs,
      msPerToken: [earlyMs, lateMs],
      tokensPerSecond: [1000 / earlyMs, 1000 / lateMs],
      lateToEarly: lateMs / earlyMs,
      earlyToStream: earlyMs / streamMs,
      promptTokensPerSecond: (1000 * far) / promptMs,
    };
  } finally {
    await Promise.all([...readers, early, late].map((x) => x.dispose()));
  }
}

/** Rounds that are not counted. */
const warmUp = 2;

/** y = x W for every weight, x one row, by an engine that holds the weights laid out for it: what a token costs at the least. */
async function productReader(weights: readonly Parameter[], threads: number): Promise<Reader> {
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
async function largestReader(weights: readonly Parameter[], threads: number): Promise<Reader> {
  const parts = weights.map((p) =>
    parameterTensor(p)
      .max({ axis: 1 })
      .slice([[0, 1]]),
  );
  return reader('largest', await Program.create(lowerProgram({ y: concat(parts, 0) }, []), { threads }), {});
}

function reader(name: string, program: Program, feeds: Readonly<Record<string, HostArray>>): Reader {
  return { name, read: async () => void (await program.run(feeds)), dispose: () => program.dispose() };
}

/** One thread of plain JavaScript. */
function scriptReader(weights: readonly Parameter[]): Reader {
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

function textOf(length: number, vocabulary: number): number[] {
  const key = randomKey(0, 'prompt');
  return Array.from({ length }, (_, i) => randomBits(key, i) % vocabulary);
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

function median(list: readonly number[]): number {
  const sorted = list.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? (sorted[middle] as number) : ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2;
}
