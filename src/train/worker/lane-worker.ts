import { randomKey } from '../../core/index.js';
import { keepThreshold } from '../../ops/leaves/random-mask.js';
import { configureEngine, type EngineTensor, engineTensor, own } from '../../runtime/index.js';
import { type Kernels, loadKernelsAsync } from '../kernels/kernels.js';
import { ruleOf } from '../optimizers/index.js';
import { layOut, type PlacedParameter, type Span, Storage } from '../storage.js';
import { Exchange } from './exchange.js';
import type { LaneChange, LaneOwner, LaneReply, LaneRequest, LaneSetup, LaneUpdate } from './lane-protocol.js';
import type { Gradients, TrainingState } from './protocol.js';
import { LoadedProgram, ProgramShelf } from './sessions.js';
import { type Share, sharesOf } from './share.js';
import { Updater } from './updater.js';

const current = (p: PlacedParameter) => p.parameter;
const judged = (p: PlacedParameter) => p.average ?? p.parameter;

/**
 * The numbers of one worker of a run: computes the gradients of its lanes, and updates its share of the parameters. Alone it
 * has all lanes and all parameters. Two are data-parallel with a sharded optimiser (ZeRO stage 1: Rajbhandari et al. 2020):
 * `reduce` is the reduce-scatter of gradients, `collect` the all-gather of parameters.
 */
export class LaneWorker implements LaneOwner {
  #setup!: LaneSetup;
  #storage!: Storage;
  #kernels!: Kernels;
  #program: LoadedProgram | undefined;
  #updater: Updater | undefined;
  #exchange: Exchange | undefined;
  /** Its own shares, and the other worker's. */
  #shares: readonly Share[] = [];
  #others: Share | undefined;
  #fetches: Record<string, EngineTensor | null> = {};
  #disown = (): void => {};
  /** Programs over the values to judge. */
  shelf: ProgramShelf | undefined;

  /** Shared with the other worker, where there is one. */
  get buffer(): SharedArrayBuffer | undefined {
    return this.#exchange?.buffer;
  }

  async setup(setup: LaneSetup): Promise<void> {
    if (setup.engine !== undefined) configureEngine(setup.engine);
    const { optimizer, shared, lanes = 1 } = setup;
    const rule = ruleOf(optimizer);
    const rest = {
      parameters: setup.parameters,
      masks: setup.program.masks,
      accumulates: setup.accumulate > 1,
      averages: setup.average > 0,
      ...(lanes > 1 && { other: shared === undefined ? ('all' as const) : ('some' as const) }),
    };
    // Where gradients lie does not depend on slots, and what belongs to whom on gradients alone.
    const shares = sharesOf(layOut({ ...rest, slots: () => ({}), scratch: () => 0 }));
    this.#shares = shared === undefined ? shares : [shares[shared.index]];
    this.#others = shared && shares[1 - shared.index];
    const storage = new Storage(
      layOut({
        ...rest,
        slots: (p) => (this.#owns(p.name) ? rule.slots(optimizer, p) : {}),
        scratch: (p) => (this.#owns(p.name) ? (rule.scratch?.(optimizer, p) ?? 0) : 0),
      }),
    );
    storage.set(current, setup.values, 'the value');
    storage.set((p) => p.average, setup.values, 'the average');
    const kernels = await loadKernelsAsync(storage.memory);
    const spans = new Map(storage.layout.parameters.map((p) => [p.name, p]));
    const bound = (spanOf: typeof current) => (name: string) => {
      const p = spans.get(name);
      return p && storage.view(spanOf(p));
    };
    const mask = (i: number) => {
      const span = storage.layout.masks[i];
      return span && storage.view(span);
    };
    this.#setup = setup;
    this.#storage = storage;
    this.#kernels = kernels;
    this.#program = await LoadedProgram.create(setup.program, { parameter: bound(current), mask });
    const updater = new Updater(storage, kernels, optimizer);
    this.#updater = updater;
    const needed = setup.optimizerPrograms.filter((program) => program.parameters.some((name) => this.#owns(name)));
    await updater.load(needed, setup.program.threads);
    this.shelf = new ProgramShelf({ parameter: bound(judged), mask: () => undefined });
    this.#fetches = { loss: null };
    for (const p of storage.layout.parameters) {
      if (p.gradient !== undefined) this.#fetches[`gradient:${p.name}`] = engineTensor('float32', storage.view(p.gradient), p.shape);
    }
    if (shared !== undefined) this.#exchange = Exchange.over(storage, kernels, shared.buffer);
    this.#disown = own({ kind: 'training storage', bytes: storage.layout.bytes + (this.buffer?.byteLength ?? 0) });
  }

  async compute({ draw, work }: LaneRequest): Promise<LaneReply> {
    const { accumulate, lanes = 1 } = this.#setup;
    const { sums, other } = this.#storage.layout;
    const [kernels, result] = [this.#kernels, this.#gradients];
    const program = this.#program as LoadedProgram;
    const losses: number[] = [];
    let engineMilliseconds = 0;
    for (const [i, { lane, batches }] of work.entries()) {
      if (i > 0) kernels.copy((other as Span).at, result.at, result.size);
      if (sums !== undefined) kernels.fill(sums.at, sums.size, 0);
      let loss = 0;
      for (const [part, batch] of batches.entries()) {
        this.#drawMasks((draw * accumulate + part) * lanes + lane);
        const from = performance.now();
        const results = await program.run(batch, this.#fetches);
        engineMilliseconds += performance.now() - from;
        loss += Number((results.loss as EngineTensor).data[0]);
        const { gradients } = this.#storage.layout;
        if (sums !== undefined) kernels.accumulate(sums.at, gradients.at, gradients.size);
      }
      losses.push(loss);
      if (i > 0) kernels.accumulate(result.at, (other as Span).at, result.size);
    }
    if (this.#others !== undefined) this.#exchange?.giveGradients(this.#others);
    return { losses, engineMilliseconds };
  }

  async reduce(): Promise<number[]> {
    for (const share of this.#shares) this.#exchange?.addGradients(share);
    return this.#squares(this.#gradients);
  }

  async apply({ step, factor, gradientScale, replaced = false, watch }: LaneUpdate): Promise<LaneChange[]> {
    const gradientShift = replaced ? 0 : this.#gradients.at - this.#storage.layout.gradients.at;
    const updater = this.#updater as Updater;
    const changes: LaneChange[] = [];
    for (const share of this.#shares) {
      changes.push(await updater.apply({ names: share.names, step, factor, gradientScale, gradientShift, watch }));
      this.#exchange?.giveParameters(share);
    }
    return changes;
  }

  async collect(): Promise<void> {
    if (this.#others !== undefined) this.#exchange?.takeParameters(this.#others);
    for (const { average, parameter } of this.#storage.layout.parameters) {
      if (average !== undefined) this.#kernels.interpolate(average.at, parameter.at, parameter.size, 1 - this.#setup.average);
    }
  }

  async gradients({ scale }: { readonly scale: number }): Promise<Gradients> {
    const { gradients, sums } = this.#storage.layout;
    if (sums !== undefined) this.#kernels.copy(gradients.at, sums.at, gradients.size);
    this.#kernels.scale(gradients.at, gradients.size, scale);
    return this.#storage.copy((p) => (this.#owns(p.name) ? p.gradient : undefined));
  }

  async replace({ gradients }: { readonly gradients: Gradients }): Promise<number[]> {
    this.#storage.set((p) => (this.#owns(p.name) ? p.gradient : undefined), gradients, 'the gradient');
    return this.#squares(this.#storage.layout.gradients);
  }

  async optimizerState(): Promise<TrainingState['optimizer']> {
    const { layout } = this.#storage;
    const slots = new Set(layout.parameters.flatMap((p) => [...p.slots.keys()]));
    return Object.fromEntries([...slots].map((slot) => [slot, this.#storage.copy((p) => p.slots.get(slot))]));
  }

  /** The values that are being trained, or those to judge, as copies. */
  parameters({ current: asTrained }: { readonly current: boolean }): Record<string, Float32Array> {
    return this.#storage.copy(asTrained ? current : judged);
  }

  async restore(state: TrainingState): Promise<void> {
    const storage = this.#storage;
    storage.set(current, state.parameters, 'the value');
    storage.set((p) => p.average, state.average ?? state.parameters, 'the average');
    const isNew = Object.keys(state.optimizer).length === 0;
    for (const p of storage.layout.parameters) {
      for (const [slot, span] of p.slots) {
        if (isNew) storage.view(span).fill(0);
        else storage.set((q) => (q === p ? span : undefined), state.optimizer[slot] ?? {}, slot);
      }
    }
  }

  async dispose(): Promise<void> {
    this.#disown();
    // A set-up that failed leaves some of them unmade.
    await Promise.all([this.#program?.dispose(), this.#updater?.dispose(), this.shelf?.dispose()]);
  }

  /** Where the gradients of a whole step lie. */
  get #gradients(): Span {
    return this.#storage.layout.sums ?? this.#storage.layout.gradients;
  }

  #owns(name: string): boolean {
    return this.#shares.some(({ names }) => names.has(name));
  }

  /** Σ g² of each share, however many workers there are: the same bits. */
  #squares({ at }: Span): number[] {
    return this.#shares.map(({ gradients: { from, to } }) => this.#kernels.sumOfSquares(at + from, (to - from) / 4));
  }

  /** Dropout masks of one run of the program, keyed by the run's seed, their stream and the pass. */
  #drawMasks(pass: number): void {
    const { program, seed } = this.#setup;
    program.masks.forEach((mask, i) => {
      const span = this.#storage.layout.masks[i];
      const { k0, k1 } = randomKey(seed, mask.stream, pass);
      if (span !== undefined) this.#kernels.randomMask(span.at, span.size, k0, k1, 0, keepThreshold(mask.keep), 1 / mask.keep);
    });
  }
}
