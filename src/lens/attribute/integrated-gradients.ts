import { fail, HostArray } from '../../core/index.js';
import { gradients } from '../../grad/index.js';
import { substitute } from '../../ops/graph.js';
import { input, type Tensor } from '../../ops/index.js';
import { lowerProgram, Program, type ProgramOptions } from '../../runtime/index.js';
import type { Tokenizer } from '../../tokenizers/index.js';
import { type LensPrompt, type Looked, run, type Traced, traceModel } from '../trace.js';
import { chooseLogits } from './chosen-logits.js';
import { attributionOf, embeddingsOf, type GradientAttributionOptions, type InputAttribution } from './embeddings.js';

export interface IntegratedGradientsOptions extends GradientAttributionOptions {
  /** Points on the way from the baseline; 64 by default. */
  readonly steps?: number;
  /**
   * How points crowd towards the baseline: α = u^power of even u. From embeddings of zeros, norms make most of the change happen in
   * its first thousandths; 4 by default there, else 1, which is even spacing.
   */
  readonly power?: number;
  /** What stands for nothing: embeddings of zeros (the default), or those of a prompt of as many tokens, such as padding. */
  readonly baseline?: 'zero' | LensPrompt;
}

export interface IntegratedGradients extends InputAttribution {
  /** The same logits at the baseline. */
  readonly baseline: Float64Array;
  /** Σ attributions − (logits − baseline): 0 for an exact integral; more steps make it smaller. */
  readonly gap: Float64Array;
}

/**
 * Integrated gradients (Sundararajan et al. 2017, eq. 1): (x − x′) · ∫₀¹ ∂logit(x′ + α(x − x′))/∂x dα of the embeddings that enter
 * the first layer, all on one straight line, by the midpoint rule in α = u^power. Attributions add up to logit(x) − logit(x′); by how much
 * they do not is told.
 * @throws as `inputTimesGradient`; value: steps or a power out of range; shape: a baseline of another length
 */
export async function integratedGradients(
  model: Looked,
  prompt: LensPrompt,
  {
    tokenizer,
    position,
    tokens,
    against,
    steps = 64,
    baseline = 'zero',
    power = baseline === 'zero' ? 4 : 1,
    ...engine
  }: IntegratedGradientsOptions = {},
): Promise<IntegratedGradients> {
  if (!Number.isInteger(steps) || steps < 1) throw fail('value', { where: 'steps', rule: 'a whole number from 1', got: String(steps) });
  if (!(power > 0)) throw fail('value', { where: 'power', rule: 'a number above 0', got: String(power) });
  const traced = traceModel(model, prompt, tokenizer);
  const embeds = embeddingsOf(traced);
  const choice = await chooseLogits(traced, { position, tokens, against }, engine);
  const ends = await run(traced, Object.fromEntries(embeds), engine);
  const starts = await baselineOf(model, baseline, embeds, ends, { tokenizer, ...engine });
  const path = await pathProgram(traced, choice.chosen, embeds, engine);
  try {
    const at = async (alpha: number): Promise<Record<string, HostArray>> => {
      const line = [...embeds.keys()].map((name) => between(starts[name] as HostArray, ends[name] as HostArray, alpha));
      return path.run({ ...traced.feeds, ...Object.fromEntries(line.map((x, i) => [`embedding ${i}`, x])) });
    };
    const sums = choice.tokens.map(() => [...embeds.keys()].map((name) => new Float64Array((ends[name] as HostArray).data.length)));
    for (let step = 0; step < steps; step++) {
      const u = (step + 0.5) / steps;
      const found = await at(u ** power);
      const weight = (power * u ** (power - 1)) / steps; // dα
      sums.forEach((of, k) => {
        of.forEach((sum, i) => {
          const g = (found[`by ${k} ${i}`] as HostArray).data as Float32Array;
          for (let j = 0; j < sum.length; j++) sum[j] = (sum[j] as number) + weight * (g[j] as number);
        });
      });
    }
    const [first, last] = [await at(0), await at(1)];
    const logitsOf = (found: Record<string, HostArray>): Float64Array =>
      Float64Array.from(choice.tokens, (_, k) => (found[`logit ${k}`] as HostArray).item());
    const rows = sums.map((of) =>
      [...embeds.keys()].flatMap((name, i) => perPlace(of[i] as Float64Array, starts[name] as HostArray, ends[name] as HostArray)),
    );
    const [logits, base] = [logitsOf(last), logitsOf(first)];
    const gap = logits.map((x, k) => (rows[k] as number[]).reduce((a, b) => a + b, 0) - (x - (base[k] as number)));
    return { attributions: attributionOf(choice.tokens, embeds, rows), logits, baseline: base, gap };
  } finally {
    await path.dispose();
  }
}

/** The chosen logits and their gradients by the embeddings, as a function of the embeddings. */
function pathProgram(
  traced: Traced,
  chosen: readonly Tensor[],
  embeds: ReadonlyMap<string, Tensor>,
  engine: ProgramOptions,
): Promise<Program> {
  const given = [...embeds.values()].map((x, i) => ({ name: `embedding ${i}`, spec: input(`embedding ${i}`, x.shape) }));
  const moved = substitute(chosen, new Map([...embeds.values()].map((x, i) => [x, given[i]?.spec as Tensor])));
  const outputs: Record<string, Tensor> = {};
  moved.forEach((logit, k) => {
    outputs[`logit ${k}`] = logit;
    gradients(
      logit,
      given.map(({ spec }) => spec),
    ).forEach((g, i) => {
      outputs[`by ${k} ${i}`] = g;
    });
  });
  return Program.create(lowerProgram(outputs, [...traced.inputs, ...given], engine), engine);
}

async function baselineOf(
  model: Looked,
  baseline: 'zero' | LensPrompt,
  embeds: ReadonlyMap<string, Tensor>,
  ends: Readonly<Record<string, HostArray>>,
  { tokenizer, ...engine }: ProgramOptions & { readonly tokenizer: Tokenizer | undefined },
): Promise<Readonly<Record<string, HostArray>>> {
  if (baseline === 'zero') {
    const zero = ({ data, shape }: HostArray): HostArray => new HostArray(new Float32Array(data.length), shape, 'float32');
    return Object.fromEntries(Object.entries(ends).map(([name, x]) => [name, zero(x)]));
  }
  const other = traceModel(model, baseline, tokenizer);
  const values = await run(other, Object.fromEntries(embeddingsOf(other)), engine);
  for (const name of embeds.keys()) {
    const [got, wanted] = [values[name]?.shape, ends[name]?.shape];
    if (String(got) !== String(wanted))
      throw fail('shape', { where: 'baseline', path: name, rule: `as many tokens as the prompt, [${wanted}]`, got: `[${got}]` });
  }
  return values;
}

function between({ data: from, shape }: HostArray, { data: to }: HostArray, alpha: number): HostArray {
  const [a, b] = [from as Float32Array, to as Float32Array];
  return new HostArray(
    a.map((x, i) => x + alpha * ((b[i] as number) - x)),
    shape,
    'float32',
  );
}

/** Σ_c (x_c − x′_c) g_c of each place. */
function perPlace(gradient: Float64Array, { data: from }: HostArray, { data: to, shape }: HostArray): number[] {
  const width = shape.at(-1) as number;
  const places = new Array<number>(gradient.length / width).fill(0);
  gradient.forEach((g, j) => {
    const place = Math.floor(j / width);
    places[place] = (places[place] as number) + ((to as Float32Array)[j] as number) * g - ((from as Float32Array)[j] as number) * g;
  });
  return places;
}
