import { type DType, fail, randomKey } from '../../core/index.js';
import { keepThreshold } from '../../ops/leaves/random-mask.js';
import { configureEngine, type EngineTensor, engineTensor, own, Session } from '../../runtime/index.js';
import { type Kernels, loadKernelsAsync } from '../kernels/kernels.js';
import type { StepProgram } from '../step-program.js';
import { layOut, region, Storage } from '../storage.js';
import type { Batch, EvaluationRequest, Setup, StepOwner, StepReport, StepRequest, TrainingState } from './protocol.js';

interface Loaded {
  readonly session: Session;
  readonly feeds: Record<string, EngineTensor>;
}

/** Owns a run's numbers: runs the step's program over them and updates them in place. */
export class StepRunner implements StepOwner {
  #setup: Setup | undefined;
  #storage: Storage | undefined;
  #kernels: Kernels | undefined;
  #step: Loaded | undefined;
  #fetches: Record<string, EngineTensor | null> = {};
  #disown: () => void = () => {};
  readonly #evaluations = new Map<string, Loaded>();

  async setup(setup: Setup): Promise<void> {
    if (setup.engine !== undefined) configureEngine(setup.engine);
    const masks = setup.program.masks.map((m) => ({ name: m.input, shape: m.shape }));
    const storage = new Storage(layOut(setup.parameters, masks, setup.accumulate > 1));
    storage.set(region.parameters, setup.values);
    this.#setup = setup;
    this.#storage = storage;
    this.#kernels = await loadKernelsAsync(storage.memory);
    this.#disown = own({ kind: 'training storage', bytes: storage.layout.bytes });
    this.#step = await this.#load(setup.program);
    this.#fetches = { loss: null };
    for (const slot of storage.layout.slots) {
      this.#fetches[`gradient:${slot.name}`] = engineTensor('float32', storage.view(region.gradients, slot), slot.shape);
    }
  }

  async step({ step, lr, batches }: StepRequest): Promise<StepReport> {
    const { setup, storage, kernels, loaded } = this.#ready();
    const { total } = storage.layout;
    const begun = performance.now();
    let engine = 0;
    let loss = 0;
    const accumulating = setup.accumulate > 1;
    if (accumulating) kernels.fill(storage.at(region.sums), total, 0);
    for (const [part, batch] of batches.entries()) {
      this.#drawMasks(step * setup.accumulate + part);
      const from = performance.now();
      const results = await loaded.session.run({ ...loaded.feeds, ...batchFeeds(batch, setup.batch, setup.context) }, this.#fetches);
      engine += performance.now() - from;
      loss += Number((results.loss as EngineTensor).data[0]) / batches.length;
      if (accumulating) kernels.accumulate(storage.at(region.sums), storage.at(region.gradients), total);
    }
    const gradients = storage.at(accumulating ? region.sums : region.gradients);
    const gradientNorm = Math.sqrt(kernels.sumOfSquares(gradients, total)) / batches.length;
    if (!Number.isFinite(loss) || !Number.isFinite(gradientNorm)) {
      throw fail('numeric', {
        where: `training step ${step}`,
        rule: 'a finite loss and gradient',
        got: `loss ${loss}, gradient norm ${gradientNorm}`,
        fix: 'Lower the learning rate; the parameters are those before this step',
      });
    }
    const clipping = setup.clip > 0 && gradientNorm > setup.clip ? setup.clip / (gradientNorm + 1e-6) : 1;
    this.#update(step + 1, lr, gradients, clipping / batches.length);
    return { step, loss, gradientNorm, milliseconds: performance.now() - begun, engineMilliseconds: engine };
  }

  async evaluate({ groups }: EvaluationRequest): Promise<number> {
    this.#ready();
    let total = 0;
    for (const group of groups) {
      if (group.program !== undefined && !this.#evaluations.has(group.key))
        this.#evaluations.set(group.key, await this.#load(group.program));
      const loaded = this.#evaluations.get(group.key);
      if (loaded === undefined) throw fail('value', { where: 'evaluate', rule: 'a program for each length, sent once', got: group.key });
      for (const batch of group.batches) {
        const results = await loaded.session.run({ ...loaded.feeds, ...batchFeeds(batch, group.batch, group.context) }, { loss: null });
        total += Number((results.loss as EngineTensor).data[0]);
      }
    }
    return total;
  }

  async parameters(): Promise<Record<string, Float32Array>> {
    return this.#ready().storage.copy(region.parameters);
  }

  async state(): Promise<TrainingState> {
    const { storage } = this.#ready();
    return {
      parameters: storage.copy(region.parameters),
      optimizer: { first_moment: storage.copy(region.firstMoments), second_moment: storage.copy(region.secondMoments) },
    };
  }

  async restore(state: TrainingState): Promise<void> {
    const { storage } = this.#ready();
    storage.set(region.parameters, state.parameters);
    storage.set(region.firstMoments, state.optimizer.first_moment ?? {});
    storage.set(region.secondMoments, state.optimizer.second_moment ?? {});
  }

  async dispose(): Promise<void> {
    const loaded = [...this.#evaluations.values(), ...(this.#step ? [this.#step] : [])];
    this.#evaluations.clear();
    this.#step = undefined;
    this.#storage = undefined;
    this.#disown();
    await Promise.all(loaded.map((l) => l.session.dispose()));
  }

  #ready(): { setup: Setup; storage: Storage; kernels: Kernels; loaded: Loaded } {
    if (this.#setup === undefined || this.#storage === undefined || this.#kernels === undefined || this.#step === undefined) {
      throw fail('disposed', { where: 'training', rule: 'a run that is set up and not disposed' });
    }
    return { setup: this.#setup, storage: this.#storage, kernels: this.#kernels, loaded: this.#step };
  }

  /** A session whose parameter inputs are views of the storage: fed without a copy. */
  async #load(program: StepProgram): Promise<Loaded> {
    const storage = this.#storage as Storage;
    const session = await Session.create(program.onnx, { device: program.device, threads: program.threads, optimize: false });
    const slots = new Map(storage.layout.slots.map((s) => [s.name, s]));
    const feeds: Record<string, EngineTensor> = {};
    for (const { input, name } of program.parameters) {
      const slot = slots.get(name);
      if (slot === undefined) throw fail('name', { where: 'training', rule: 'parameters that belong to the model', got: name });
      feeds[input] = engineTensor('float32', storage.view(region.parameters, slot), slot.shape);
    }
    for (const mask of program.masks) {
      const placed = storage.layout.masks.find((m) => m.name === mask.input);
      if (placed !== undefined) {
        feeds[mask.input] = engineTensor('float32', new Float32Array(storage.memory.buffer, placed.offset * 4, placed.size), mask.shape);
      }
    }
    return { session, feeds };
  }

  /** Dropout masks of one pass, keyed by the run's seed, their stream and the pass. */
  #drawMasks(pass: number): void {
    const { setup, storage, kernels } = this.#ready();
    setup.program.masks.forEach((mask, i) => {
      const placed = storage.layout.masks[i];
      const { k0, k1 } = randomKey(setup.seed, mask.stream, pass);
      if (placed !== undefined) kernels.randomMask(placed.offset * 4, placed.size, k0, k1, 0, keepThreshold(mask.keep), 1 / mask.keep);
    });
  }

  /** AdamW over two ranges: matrices, which decay, and the rest. `t` counts from 1. */
  #update(t: number, lr: number, gradients: number, scale: number): void {
    const { setup, storage, kernels } = this.#ready();
    const { betas, epsilon, weightDecay } = setup.optimizer;
    const { decayed, total } = storage.layout;
    const step = lr / (1 - betas[0] ** t);
    const rc2 = 1 / Math.sqrt(1 - betas[1] ** t);
    for (const [from, to, decay] of [[0, decayed, 1 - lr * weightDecay] as const, [decayed, total, 1] as const]) {
      const at = (which: number): number => storage.at(which) + from * 4;
      kernels.adamw(
        at(region.parameters),
        gradients + from * 4,
        at(region.firstMoments),
        at(region.secondMoments),
        to - from,
        betas[0],
        betas[1],
        decay,
        step,
        rc2,
        epsilon,
        scale,
      );
    }
  }
}

function batchFeeds(batch: Batch, size: number, context: number): Record<string, EngineTensor> {
  const dtype: DType = 'int32';
  return { inputs: engineTensor(dtype, batch.inputs, [size, context]), targets: engineTensor(dtype, batch.targets, [size, context]) };
}
