import { below, fail, HostArray, normal, randomKey } from '../core/index.js';
import { gradients } from '../grad/index.js';
import type { LanguageModel } from '../models/index.js';
import { input, withTraining } from '../ops/index.js';
import { lowerProgram, Program, type ProgramOptions, sitesOf } from '../runtime/index.js';

export interface ReachOptions extends ProgramOptions {
  /** Keys the tokens and the direction that the last logits are looked at in; 0 by default. */
  readonly seed?: number;
  /** Rows whose squares are averaged; 16 by default. */
  readonly rows?: number;
  /** Token ids, rows of one length; random ones of the context's length by default. */
  readonly ids?: readonly (readonly number[])[];
}

/**
 * How far back the last position's prediction reaches: for each distance d, ‖∂ logits_T / ∂ x_{T−d}‖, the Frobenius norm of the
 * gradient by the embedding that stands d tokens earlier (Bengio et al. 1994 for recurrent networks: it falls or grows
 * exponentially in d; one step of attention reaches every token).
 *
 * Estimated from rows of tokens: with r of independent normal numbers, E‖∂(r·logits_T)/∂x‖² is the square of that norm. Works
 * on any model that taps `embed`.
 * @returns entry d is the norm at distance d, for d = 0 … T − 1
 * @throws name: a model without the site `embed`; value: rows or ids that are none
 */
export async function gradientReach(model: LanguageModel, options: ReachOptions = {}): Promise<Float64Array> {
  const { seed = 0, rows = 16, ids, ...engine } = options;
  if (!Number.isInteger(rows) || rows < 1)
    throw fail('value', { where: 'gradientReach', rule: 'rows is a whole number from 1', got: String(rows) });
  const tokens = ids === undefined ? randomTokens(model, rows, seed) : givenTokens(ids);
  const [count, length] = tokens.shape as [number, number];
  const x = input('ids', tokens.shape, 'int32');
  const r = input('r', [count, 1, model.vocabulary]);
  const logits = withTraining(false, () => model.forward(x));
  const embedded = [...sitesOf([logits])].find(([name]) => /(?:^|\.)embed$/.test(name))?.[1];
  if (embedded === undefined) {
    throw fail('name', {
      where: 'gradientReach',
      rule: 'a model that taps the embeddings that its layers read, `embed`',
      got: 'none',
      fix: "Call tap('embed', x) in its forward",
    });
  }
  const [gradient] = gradients(
    logits
      .slice([null, [-1]])
      .mul(r)
      .sum(),
    [embedded],
  );
  const squares = gradient?.mul(gradient).sum({ axis: [0, 2] }); // [T]
  if (squares === undefined) throw fail('engine', { where: 'gradientReach', rule: 'a gradient by the embeddings', got: 'none' });
  const declared = [
    { name: 'ids', spec: x },
    { name: 'r', spec: r },
  ];
  const program = await Program.create(lowerProgram({ squares }, declared, engine), engine);
  try {
    const key = randomKey(seed, 'reach.direction');
    const direction = Float32Array.from({ length: count * model.vocabulary }, (_, i) => normal(key, i));
    const found = await program.run({ ids: tokens, r: new HostArray(direction, r.shape as number[], 'float32') });
    const data = found.squares?.data as Float32Array;
    return Float64Array.from({ length }, (_, d) => Math.sqrt(Number(data[length - 1 - d]) / count));
  } finally {
    await program.dispose();
  }
}

function randomTokens({ vocabulary, context }: LanguageModel, rows: number, seed: number): HostArray {
  const key = randomKey(seed, 'reach.tokens');
  return new HostArray(
    Int32Array.from({ length: rows * context }, (_, i) => below(key, i, vocabulary)),
    [rows, context],
    'int32',
  );
}

function givenTokens(ids: readonly (readonly number[])[]): HostArray {
  const length = ids[0]?.length ?? 0;
  if (length === 0 || ids.some((row) => row.length !== length)) {
    const got = ids.map((row) => row.length).join(', ') || 'none';
    throw fail('value', { where: 'gradientReach', rule: 'ids, rows of one length of at least one token', got });
  }
  return new HostArray(Int32Array.from(ids.flat()), [ids.length, length], 'int32');
}
