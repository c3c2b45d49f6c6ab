import { fail, type HeadlightError, randomKey } from '../../core/index.js';
import { ignored, type TokenBatch } from '../../datasets/index.js';
import { keepThreshold } from '../../ops/leaves/random-mask.js';
import { configureEngine, type EngineTensor, engineTensor, own } from '../../runtime/index.js';
import { type Kernels, loadKernelsAsync } from '../kernels/kernels.js';
import { ruleOf } from '../optimizers/index.js';
import { layOut, type PlacedParameter, Storage } from '../storage.js';
import type { GradientsReply, RunRequest, Setup, StepOwner, StepReport, StepRequest, TrainingState, UpdateRequest } from './protocol.js';
import { LoadedProgram, ProgramShelf } from './sessions.js';
import { Updater } from './updater.js';

/** What there is once a run is set up. */
interface Run {
  readonly setup: Setup;
  readonly storage: Storage;
  readonly kernels: Kernels;
  readonly program: LoadedProgram;
  readonly updater: Updater;
  /** Other programs, over the values to judge. */
  readonly shelf: ProgramShelf;
  readonly fetches: Record<string, EngineTensor | null>;
  readonly disown: () => void;
}

/** A step's gradients, in the storage. */
interface Computed {
  readonly loss: number;
  readonly gradientNorm: number;
  /** What the gradients in the storage are to be divided by. */
  readonly count: number;
  readonly engineMilliseconds: number;
}

const current = (p: PlacedParameter) => p.parameter;
const judged = (p: PlacedParameter) => p.average ?? p.parameter;

/** Owns a run's numbers: runs the step's program over them and updates them in place. */
export class StepRunner implements StepOwner {
  #run: Run | undefined;
  /** A step whose loss was not finite: nothing goes on from it but a restored state. */
  #fault: HeadlightError | undefined;

  async setup(setup: Setup): Promise<void> {
    if (setup.engine !== undefined) configureEngine(setup.engine);
    const rule = ruleOf(setup.optimizer);
    const storage = new Storage(
      layOut({
        parameters: setup.parameters,
        slots: (p) => rule.slots(setup.optimizer, p),
        scratch: (p) => rule.scratch?.(setup.optimizer, p) ?? 0,
        masks: setup.program.masks,
        accumulates: setup.accumulate > 1,
        averages: setup.average > 0,
      }),
    );
    storage.set(current, setup.values, 'the value');
    storage.set((p) => p.average, setup.values, 'the average');
    const kernels = await loadKernelsAsync(storage.memory);
    const spans = new Map(storage.layout.parameters.map((p) => [p.name, p]));
    const mask = (i: number) => {
      const span = storage.layout.masks[i];
      return span && storage.view(span);
    };
    const bound = (spanOf: typeof current) => (name: string) => {
      const p = spans.get(name);
      return p && storage.view(spanOf(p));
    };
    const program = await LoadedProgram.create(setup.program, { parameter: bound(current), mask });
    const updater = new Updater(storage, kernels, setup.optimizer, setup.average);
    await updater.load(setup.optimizerPrograms, setup.program.threads);
    const shelf = new ProgramShelf({ parameter: bound(judged), mask: () => undefined });
    const fetches: Record<string, EngineTensor | null> = { loss: null };
    for (const p of storage.layout.parameters) {
      if (p.gradient !== undefined) fetches[`gradient:${p.name}`] = engineTensor('float32', storage.view(p.gradient), p.shape);
    }
    const disown = own({ kind: 'training storage', bytes: storage.layout.bytes });
    this.#run = { setup, storage, kernels, program, updater, shelf, fetches, disown };
  }

  async step(request: StepRequest): Promise<StepReport> {
    const begun = performance.now();
    const { setup, storage, updater } = this.#ready();
    const computed = await this.#compute(request);
    const { loss, gradientNorm, count, engineMilliseconds } = computed;
    const { gradients, sums } = storage.layout;
    const updateRatio = await updater.apply({
      step: request.step,
      factor: request.factor,
      gradientScale: clipping(setup.clip, gradientNorm) / count,
      gradientShift: (sums ?? gradients).at - gradients.at,
      watch: request.watch ?? false,
    });
    const milliseconds = performance.now() - begun;
    return { step: request.step, loss, gradientNorm, ...(updateRatio !== undefined && { updateRatio }), milliseconds, engineMilliseconds };
  }

  async gradients(request: StepRequest): Promise<GradientsReply> {
    const begun = performance.now();
    const { storage, kernels } = this.#ready();
    const { loss, gradientNorm, count, engineMilliseconds } = await this.#compute(request);
    const { gradients, sums } = storage.layout;
    if (sums !== undefined) kernels.copy(gradients.at, sums.at, gradients.size);
    kernels.scale(gradients.at, gradients.size, 1 / count);
    const report = { step: request.step, loss, gradientNorm, milliseconds: performance.now() - begun, engineMilliseconds };
    return { report, gradients: storage.copy((p) => p.gradient), targets: count };
  }

  async update({ step, factor, gradients, watch = false }: UpdateRequest): ReturnType<StepOwner['update']> {
    const begun = performance.now();
    const { setup, storage, kernels, updater } = this.#ready();
    storage.set((p) => p.gradient, gradients, 'the gradient');
    const { at, size } = storage.layout.gradients;
    const gradientNorm = Math.sqrt(kernels.sumOfSquares(at, size));
    if (!Number.isFinite(gradientNorm)) throw this.#fail(step, `gradient norm ${gradientNorm}`);
    const updateRatio = await updater.apply({ step, factor, gradientScale: clipping(setup.clip, gradientNorm), gradientShift: 0, watch });
    return { gradientNorm, ...(updateRatio !== undefined && { updateRatio }), milliseconds: performance.now() - begun };
  }

  async run({ key, program, batch }: RunRequest): Promise<Record<string, Float32Array>> {
    return (await this.#ready({ evenAfterFault: true }).shelf.take(key, program)).outputs(batch);
  }

  async parameters({ current: asTrained }: { current: boolean }): Promise<Record<string, Float32Array>> {
    return this.#ready({ evenAfterFault: true }).storage.copy(asTrained ? current : judged);
  }

  async state(): Promise<TrainingState> {
    const { setup, storage } = this.#ready();
    const slots = new Set(storage.layout.parameters.flatMap((p) => [...p.slots.keys()]));
    return {
      parameters: storage.copy(current),
      optimizer: Object.fromEntries([...slots].map((slot) => [slot, storage.copy((p) => p.slots.get(slot))])),
      ...(setup.average > 0 && { average: storage.copy((p) => p.average) }),
    };
  }

  async restore(state: TrainingState): Promise<void> {
    const { storage } = this.#ready({ evenAfterFault: true });
    storage.set(current, state.parameters, 'the value');
    storage.set((p) => p.average, state.average ?? state.parameters, 'the average');
    const isNew = Object.keys(state.optimizer).length === 0;
    for (const p of storage.layout.parameters) {
      for (const [slot, span] of p.slots) {
        if (isNew) storage.view(span).fill(0);
        else storage.set((q) => (q === p ? span : undefined), state.optimizer[slot] ?? {}, slot);
      }
    }
    this.#fault = undefined;
  }

  async dispose(): Promise<void> {
    const run = this.#run;
    this.#run = undefined;
    if (run === undefined) return;
    run.disown();
    await Promise.all([run.program.dispose(), run.updater.dispose(), run.shelf.dispose()]);
  }

  #ready({ evenAfterFault = false } = {}): Run {
    if (this.#run === undefined) throw fail('disposed', { where: 'training', rule: 'a run that is set up and not disposed' });
    if (this.#fault !== undefined && !evenAfterFault) throw this.#fault;
    return this.#run;
  }

  /** Loss and gradients of a step's passes. Summed gradients lie in `sums` where several passes make a step. */
  async #compute({ step, draw, batches }: StepRequest): Promise<Computed> {
    const { setup, storage, kernels, program, fetches } = this.#ready();
    const { gradients, sums } = storage.layout;
    let engineMilliseconds = 0;
    let loss = 0;
    if (sums !== undefined) kernels.fill(sums.at, sums.size, 0);
    for (const [part, batch] of batches.entries()) {
      this.#drawMasks(draw * setup.accumulate + part);
      const from = performance.now();
      const results = await program.run(batch, fetches);
      engineMilliseconds += performance.now() - from;
      loss += Number((results.loss as EngineTensor).data[0]);
      if (sums !== undefined) kernels.accumulate(sums.at, gradients.at, gradients.size);
    }
    const count = setup.program.reduction === 'mean' ? batches.length : countTargets(batches, step);
    const { at, size } = sums ?? gradients;
    const gradientNorm = Math.sqrt(kernels.sumOfSquares(at, size)) / count;
    loss /= count;
    if (!Number.isFinite(loss) || !Number.isFinite(gradientNorm)) throw this.#fail(step, `loss ${loss}, gradient norm ${gradientNorm}`);
    return { loss, gradientNorm, count, engineMilliseconds };
  }

  #fail(step: number, got: string): HeadlightError {
    this.#fault = notFinite(step, got);
    return this.#fault;
  }

  /** Dropout masks of one pass, keyed by the run's seed, their stream and the pass. */
  #drawMasks(pass: number): void {
    const { setup, storage, kernels } = this.#ready();
    setup.program.masks.forEach((mask, i) => {
      const span = storage.layout.masks[i];
      const { k0, k1 } = randomKey(setup.seed, mask.stream, pass);
      if (span !== undefined) kernels.randomMask(span.at, span.size, k0, k1, 0, keepThreshold(mask.keep), 1 / mask.keep);
    });
  }
}

/** Clips the global norm (Pascanu et al. 2013), as PyTorch does. */
function clipping(clip: number, norm: number): number {
  return clip > 0 && norm > clip ? clip / (norm + 1e-6) : 1;
}

/** The fault of a step that was not taken. */
export function notFinite(step: number, got: string): HeadlightError {
  return fail('numeric', {
    where: `training step ${step}`,
    rule: 'a finite loss and gradient',
    got,
    fix: 'Lower the learning rate; the parameters are those before this step',
  });
}

/** Targets that count in a step's batches. @throws value: there are none */
export function countTargets(batches: readonly TokenBatch[], step: number): number {
  let count = 0;
  for (const { targets } of batches) for (const target of targets) if (target !== ignored) count++;
  if (count === 0)
    throw fail('value', { where: `training step ${step}`, rule: 'a batch with something to predict', got: 'ignored targets only' });
  return count;
}
