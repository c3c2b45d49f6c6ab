import { fail, HostArray, randomBits, randomKey } from '../../core/index.js';
import { Decoder } from '../../generate/index.js';
import { GPT2 } from '../../models/index.js';
import { concat, constant, input, linear, type Parameter, type Tensor } from '../../ops/index.js';
import { type GraphInput, lowerProgram, Program } from '../../runtime/index.js';

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
 * the very same arrays: a matrix product with one row, the largest element, and one thread of JavaScript.
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

/** y = x W for every weight, x one row: what a token costs at the least, as a program of nothing else. */
function productReader(weights: readonly Parameter[], threads: number): Promise<Reader> {
  return engineReader('product', weights, threads, (w) => {
    const [rows, columns] = w.shape as [number, number];
    // Tall tables are read along their rows, as the head does.
    const transposed = rows > columns;
    const x = constant(new HostArray(new Float32Array(transposed ? columns : rows).fill(1), [1, transposed ? columns : rows], 'float32'));
    return linear(x, w, { transposed })
      .reshape([-1])
      .slice([[0, 1]]);
  });
}

/** The largest element of every weight. */
function largestReader(weights: readonly Parameter[], threads: number): Promise<Reader> {
  return engineReader('largest', weights, threads, (w) => w.max({ axis: 1 }).slice([[0, 1]]));
}

async function engineReader(name: string, weights: readonly Parameter[], threads: number, read: (w: Tensor) => Tensor): Promise<Reader> {
  const inputs: GraphInput[] = weights.map((p, i) => ({ name: `w${i}`, spec: { shape: p.shape, dtype: 'float32' } }));
  const y = concat(
    inputs.map(({ name: w, spec }) => read(input(w, spec.shape))),
    0,
  );
  const program = await Program.create(lowerProgram({ y }, inputs), { threads });
  const feeds = Object.fromEntries(weights.map((p, i) => [`w${i}`, p.value]));
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

/** Small numbers, quicker than Gaussian ones: what they are does not change what a token costs. */
function fillQuickly(model: GPT2): void {
  for (const [name, p] of model.parameters()) {
    if (p.shape.length < 2) continue;
    const data = new Float32Array(p.shape.reduce((a, b) => a * b, 1));
    const key = randomKey(0, name);
    for (let i = 0; i < data.length; i++) data[i] = (randomBits(key, i) / 2 ** 32 - 0.5) / 16;
    p.value = new HostArray(data, p.shape, 'float32');
  }
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
