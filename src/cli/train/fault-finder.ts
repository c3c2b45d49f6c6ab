import { fail, HostArray as Host, type HostArray } from '../../core/index.js';
import { randomWindows } from '../../datasets/index.js';
import { gradients } from '../../grad/index.js';
import type { LanguageModel } from '../../models/index.js';
import { input, parameterTensor, type Tensor, withTraining } from '../../ops/index.js';
import { restartStreams } from '../../ops/leaves/random-mask.js';
import { checkSites, lowerProgram, Program, sitesOf } from '../../runtime/index.js';
import { nextTokenLoss, type TrainingState, type TrainOptions, type TrainReport, train } from '../../train/index.js';

/** Ends a run whose numbers are no longer finite. */
class NotFinite extends Error {
  constructor(readonly step: number) {
    super(`step ${step}`);
  }
}

/**
 * Finds where NaN or infinity began. While training it only looks at the loss and the gradient's norm. When they go wrong,
 * it takes the last remembered state, does the steps since then again (every draw is keyed by its step, so they are the
 * same), and runs the failing step with every site and gradient in view.
 */
export class FaultFinder {
  #memory: { readonly step: number; readonly state: TrainingState };
  readonly #model: LanguageModel;
  readonly #options: TrainOptions;

  constructor(model: LanguageModel, options: TrainOptions) {
    this.#model = model;
    this.#options = options;
    this.#memory = options.resume ?? { step: 0, state: initialState(model) };
  }

  /** To be called at every step. */
  look({ step, loss, gradientNorm }: TrainReport): void {
    if (!Number.isFinite(loss) || !Number.isFinite(gradientNorm)) throw new NotFinite(step);
  }

  remember(step: number, state: TrainingState): void {
    this.#memory = { step, state };
  }

  /** @returns the error of code `numeric` that stands for what `look` threw; undefined for any other error */
  async explain(error: unknown): Promise<unknown> {
    if (!(error instanceof NotFinite)) return undefined;
    try {
      await this.#replayTo(error.step);
      await this.#inspect(error.step);
    } catch (found) {
      return found;
    }
    return fail('numeric', {
      where: `training step ${error.step}`,
      rule: 'a finite gradient norm',
      got: 'a sum of squares beyond float64',
      fix,
    });
  }

  /** Brings the model to the values it had before a step. */
  async #replayTo(step: number): Promise<void> {
    const { step: from, state } = this.#memory;
    const resume = from === 0 ? undefined : this.#memory;
    for (const [name, p] of this.#model.parameters()) p.value = new Host(state.parameters[name] as Float32Array, p.shape, 'float32');
    if (from === step) return;
    const { resume: _, ...options } = this.#options;
    await train(this.#model, { ...options, steps: step, evalEvery: 0, ...(resume && { resume }) });
  }

  async #inspect(step: number): Promise<void> {
    const { batch, microBatch = batch, seed = 0, data, device, threads } = this.#options;
    const { context } = this.#model;
    const windows = randomWindows({ ids: data.train, context, batch: microBatch, seed });
    const parameters = [...this.#model.parameters()];
    const spec = { shape: [microBatch, context], dtype: 'int32' } as const;
    const ids = input('inputs', spec.shape, spec.dtype);
    const targets = input('targets', spec.shape, spec.dtype);
    restartStreams();
    const loss = withTraining(true, () => nextTokenLoss(this.#model, ids, targets));
    const wrt = gradients(
      loss,
      parameters.map(([, p]) => parameterTensor(p)),
    );
    const outputs: Record<string, Tensor> = Object.fromEntries(sitesOf([loss]));
    outputs.loss = loss;
    parameters.forEach(([name], i) => {
      outputs[`gradient of ${name}`] = wrt[i] as Tensor;
    });
    const declared = ['inputs', 'targets'].map((name) => ({ name, spec }));
    const engine = { ...(device && { device }), ...(threads !== undefined && { threads }) };
    const program = await Program.create(lowerProgram(outputs, declared, engine), engine);
    try {
      const parts = batch / microBatch;
      for (let part = 0; part < parts; part++) {
        const pass = step * parts + part;
        const drawn = windows(pass);
        const feed = (values: Int32Array): HostArray => new Host(values, spec.shape, 'int32');
        checkSites(Object.entries(await program.run({ inputs: feed(drawn.inputs), targets: feed(drawn.targets) }, { seed, step: pass })));
      }
    } finally {
      await program.dispose();
    }
  }
}

const fix = 'Lower --lr, or clip the gradient with --clip 1';

/** Before the first step an optimiser remembers nothing. */
function initialState(model: LanguageModel): TrainingState {
  const values = [...model.parameters()].map(([name, { value }]) => [name, (value.data as Float32Array).slice()]);
  return { parameters: Object.fromEntries(values), optimizer: {} };
}
