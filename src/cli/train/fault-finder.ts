import { HeadlightError, HostArray } from '../../core/index.js';
import { randomWindows } from '../../datasets/index.js';
import { gradients } from '../../grad/index.js';
import type { LanguageModel } from '../../models/index.js';
import { input, parameterTensor, type Tensor, withTraining } from '../../ops/index.js';
import { restartStreams } from '../../ops/leaves/random-mask.js';
import { checkSites, lowerProgram, Program, sitesOf } from '../../runtime/index.js';
import { nextTokenLoss, type TrainingState, type TrainOptions, train } from '../../train/index.js';

/**
 * Finds where NaN or infinity began, at no cost while all goes well. Training stops by itself at a step whose loss or
 * gradient is not finite. Then the steps since the last remembered state are done again (every draw is keyed by its step,
 * so they are the same), and the failing step runs with every site and gradient in view.
 */
export class FaultFinder {
  #memory: { readonly step: number; readonly state: TrainingState };
  /** The step under way. */
  #next: number;
  readonly #model: LanguageModel;
  readonly #options: TrainOptions;

  constructor(model: LanguageModel, options: TrainOptions) {
    this.#model = model;
    this.#options = options;
    this.#memory = options.resume ?? { step: 0, state: initialState(model) };
    this.#next = this.#memory.step;
  }

  /** To be called after every step. */
  passed(step: number): void {
    this.#next = step + 1;
  }

  /** To be called at every evaluation. */
  remember(step: number, state: TrainingState): void {
    this.#memory = { step, state };
  }

  /** @returns the error that names the site, in the place of training's own; any other error as it is */
  async explain(error: unknown): Promise<unknown> {
    if (!(error instanceof HeadlightError) || error.code !== 'numeric') return error;
    try {
      await this.#replayTo(this.#next);
      await this.#inspect(this.#next);
    } catch (found) {
      return found;
    }
    return error;
  }

  /** Brings the model to the values it had before a step. */
  async #replayTo(step: number): Promise<void> {
    const { step: from, state } = this.#memory;
    const resume = from === 0 ? undefined : this.#memory;
    for (const [name, p] of this.#model.parameters()) p.value = new HostArray(state.parameters[name] as Float32Array, p.shape, 'float32');
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
        const feed = (values: Int32Array): HostArray => new HostArray(values, spec.shape, 'int32');
        checkSites(Object.entries(await program.run({ inputs: feed(drawn.inputs), targets: feed(drawn.targets) }, { seed, step: pass })));
      }
    } finally {
      await program.dispose();
    }
  }
}

/** Before the first step an optimiser remembers nothing. */
function initialState(model: LanguageModel): TrainingState {
  const values = [...model.parameters()].map(([name, { value }]) => [name, (value.data as Float32Array).slice()]);
  return { parameters: Object.fromEntries(values), optimizer: {} };
}
