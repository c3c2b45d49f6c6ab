import { readSafetensors, writeSafetensors } from '../../checkpoints/index.js';
import { fail, HostArray } from '../../core/index.js';
import { gradients } from '../../grad/index.js';
import { constant, exp, input, linear, logSoftmax, type Tensor } from '../../ops/index.js';
import { lowerProgram, Program, type ProgramOptions } from '../../runtime/index.js';
import type { Tokenizer } from '../../tokenizers/index.js';
import { Adam } from '../fit/adam.js';
import { type LensPrompt, type Looked, type Traced, traceModel } from '../trace.js';
import { type LogitLens, type LogitLensOptions, logitLens, readAt, streamSites } from './logit-lens.js';

/** One layer's translator: h + h W + b. */
interface Translator {
  /** W, [C,C] */
  readonly matrix: HostArray;
  /** b, [C] */
  readonly bias: HostArray;
}

export interface TunedLensOptions extends ProgramOptions {
  readonly tokenizer?: Tokenizer | undefined;
  readonly steps?: number;
  /** The learning rate at the start, of Adam; falls to 0 in a line. 1e-3 by default. */
  readonly lr?: number;
  readonly onStep?: (step: number, divergence: number) => void;
  readonly signal?: AbortSignal | undefined;
}

/**
 * The tuned lens (Belrose et al. 2023, "Eliciting Latent Predictions from Transformers with the Tuned Lens"): before the head reads a
 * layer's stream, an affine translator h + h W + b, trained for each layer apart to say what the last layer says (eq. 8: the
 * least KL(p ‖ p_layer)); at the start it is the logit lens.
 */
export class TunedLens {
  constructor(readonly translators: ReadonlyMap<string, Translator>) {}

  /**
   * Trains the translators of every layer but the last.
   * @param data the prompts of each step; those of one shape share a program
   * @throws as `logitLens`; numeric: a divergence that is not finite
   */
  static async train(model: Looked, data: (step: number) => LensPrompt, options: TunedLensOptions = {}): Promise<TunedLens> {
    const { tokenizer, steps = 250, lr = 1e-3, onStep, signal, ...engine } = options;
    const adam = new Adam({ lr });
    const programs = new Map<string, Program>();
    let translators: Map<string, Translator> | undefined;
    try {
      for (let step = 0; step < steps && !signal?.aborted; step++) {
        const traced = traceModel(model, data(step), tokenizer);
        translators ??= identities(traced);
        const key = Object.values(traced.feeds)
          .map(({ shape }) => shape.join('x'))
          .join(' ');
        const program = programs.get(key) ?? (await stepProgram(traced, translators, engine));
        programs.set(key, program);
        const found = await program.run({ ...traced.feeds, ...feedsOf(translators) });
        const divergence = (found.divergence as HostArray).item();
        if (!Number.isFinite(divergence))
          throw fail('numeric', {
            where: 'tuned lens',
            rule: 'a divergence that is finite',
            got: `${divergence} at step ${step}`,
            fix: 'Lower lr',
          });
        const pairs = [...translators].flatMap(([site, { matrix, bias }]) => [
          [matrix.data as Float32Array, (found[`matrix ${site} gradient`] as HostArray).data as Float32Array] as const,
          [bias.data as Float32Array, (found[`bias ${site} gradient`] as HostArray).data as Float32Array] as const,
        ]);
        adam.update(pairs, 1 - step / steps);
        onStep?.(step, divergence);
      }
    } finally {
      await Promise.all([...programs.values()].map((p) => p.dispose()));
    }
    return new TunedLens(translators ?? new Map());
  }

  /** What the model would say after each layer: `logitLens` of translated streams. */
  read(model: Looked, prompt: LensPrompt, options: Omit<LogitLensOptions, 'translate'> = {}): Promise<LogitLens> {
    return logitLens(model, prompt, { ...options, translate: (site, x) => this.translate(site, x) });
  }

  /** A layer's stream, translated; as it is where there is no translator. */
  translate(site: string, stream: Tensor): Tensor {
    const found = this.translators.get(site);
    if (found === undefined) return stream;
    const [width] = found.bias.shape as [number];
    if (stream.shape.at(-1) !== width)
      throw fail('shape', { where: 'tuned lens', path: site, rule: `a stream of width ${width}`, got: String(stream.shape.at(-1)) });
    return translated(stream, constant(found.matrix), constant(found.bias));
  }

  /** Writes the translators to a .safetensors file. */
  async save(path: string): Promise<void> {
    const arrays = [...this.translators].flatMap(([site, { matrix, bias }]) => [
      [`${site}.matrix`, matrix] as const,
      [`${site}.bias`, bias] as const,
    ]);
    await writeSafetensors(path, Object.fromEntries(arrays), { kind: 'headlight tuned lens' });
  }

  /** @throws file, checkpoint: a file that is not what `save` wrote */
  static async load(path: string): Promise<TunedLens> {
    const file = await readSafetensors(path);
    try {
      const sites = file.names.filter((name) => name.endsWith('.matrix')).map((name) => name.slice(0, -'.matrix'.length));
      if (file.metadata.kind !== 'headlight tuned lens' || sites.length === 0)
        throw fail('checkpoint', { where: path, rule: 'the translators of a tuned lens', got: 'another file' });
      const read = async (site: string) =>
        [site, { matrix: await file.load(`${site}.matrix`), bias: await file.load(`${site}.bias`) }] as const;
      return new TunedLens(new Map(await Promise.all(sites.map(read))));
    } finally {
      await file.close();
    }
  }
}

function translated(x: Tensor, matrix: Tensor, bias: Tensor): Tensor {
  return x.add(linear(x, matrix, { bias }));
}

/** Zeros: translators that change nothing, for every layer but the last. */
function identities(traced: Traced): Map<string, Translator> {
  const zeros = (...shape: number[]): HostArray => new HostArray(new Float32Array(shape.reduce((a, b) => a * b, 1)), shape, 'float32');
  const layers = [...streamSites(traced)].slice(0, -1);
  return new Map(
    layers.map(([site, x]) => {
      const width = x.shape.at(-1) as number;
      return [site, { matrix: zeros(width, width), bias: zeros(width) }];
    }),
  );
}

function feedsOf(translators: ReadonlyMap<string, Translator>): Record<string, HostArray> {
  return Object.fromEntries(
    [...translators].flatMap(([site, { matrix, bias }]) => [
      [`matrix ${site}`, matrix],
      [`bias ${site}`, bias],
    ]),
  );
}

/** The mean divergence over layers and places, and its gradients. */
function stepProgram(traced: Traced, translators: ReadonlyMap<string, Translator>, engine: ProgramOptions): Promise<Program> {
  const layers = streamSites(traced);
  const given = Object.entries(feedsOf(translators)).map(([name, { shape }]) => ({ name, spec: input(name, shape) }));
  const named = new Map(given.map(({ name, spec }) => [name, spec]));
  const last = logSoftmax(traced.output);
  const p = exp(last);
  const each = [...translators.keys()].map((site) => {
    const [matrix, bias] = [named.get(`matrix ${site}`), named.get(`bias ${site}`)] as [Tensor, Tensor];
    const logits = readAt(traced, layers, translated(layers.get(site) as Tensor, matrix, bias));
    return p
      .mul(last.sub(logSoftmax(logits)))
      .sum({ axis: -1 })
      .mean();
  });
  const total = each.reduce((a, b) => a.add(b));
  const found = gradients(
    total,
    given.map(({ spec }) => spec),
  );
  const outputs: Record<string, Tensor> = { divergence: total.mul(1 / each.length) };
  given.forEach(({ name }, i) => {
    outputs[`${name} gradient`] = found[i] as Tensor;
  });
  return Program.create(lowerProgram(outputs, [...traced.inputs, ...given], engine), engine);
}
