import { startLane } from '#lane';
import { fail, type HeadlightError } from '../../core/index.js';
import { ignored } from '../../datasets/data.js';
import type { TokenBatch } from '../../datasets/index.js';
import { laneOf } from '../lane-of.js';
import type { LaneChange, LaneOwner, LaneUpdate } from './lane-protocol.js';
import { LaneWorker } from './lane-worker.js';
import type { GradientsReply, RunRequest, Setup, StepOwner, StepReport, StepRequest, TrainingState, UpdateRequest } from './protocol.js';
import { remoteLane } from './remote-lane.js';
import type { ProgramShelf } from './sessions.js';

/** What there is once a run is set up. */
interface Run {
  readonly setup: Setup;
  /** This worker's own part, and the other worker's where there are two. */
  readonly lane: LaneWorker;
  readonly other: LaneOwner | undefined;
}

/** A step's gradients, with the lanes. */
interface Computed {
  readonly loss: number;
  readonly gradientNorm: number;
  /** What the gradients are to be divided by. */
  readonly count: number;
  readonly engineMilliseconds: number;
}

/**
 * Owns a run's numbers: has its lanes compute each step's gradients and update the parameters in place. With two workers,
 * arrays in `update` and `restore` are handed over to the other one.
 */
export class StepRunner implements StepOwner {
  #run: Run | undefined;
  /** A step whose loss was not finite: nothing goes on from it but a restored state. */
  #fault: HeadlightError | undefined;

  async setup(setup: Setup): Promise<void> {
    const lane = new LaneWorker();
    if (setup.workers !== 2 || setup.lanes !== 2) {
      await lane.setup(setup);
      this.#run = { setup, lane, other: undefined };
      return;
    }
    await lane.setup({ ...setup, shared: { index: 0 } });
    const other = remoteLane(startLane());
    this.#run = { setup, lane, other };
    const shared = { index: 1 as const, ...(lane.buffer && { buffer: lane.buffer }) };
    // A copy: what goes to another thread is handed over.
    const { values, ...rest } = setup;
    await other.setup({ ...structuredClone(rest), values: lane.parameters({ current: true }), average: 0, shared });
  }

  async step(request: StepRequest): Promise<StepReport> {
    const begun = performance.now();
    const { setup } = this.#ready();
    const { step, factor, watch = false } = request;
    const { loss, gradientNorm, count, engineMilliseconds } = await this.#compute(request);
    const gradientScale = clipping(setup.clip, gradientNorm) / count;
    const updateRatio = await this.#apply({ step, factor, gradientScale, watch });
    return {
      step,
      loss,
      gradientNorm,
      ...(updateRatio !== undefined && { updateRatio }),
      milliseconds: performance.now() - begun,
      engineMilliseconds,
    };
  }

  async gradients(request: StepRequest): Promise<GradientsReply> {
    const begun = performance.now();
    const { setup } = this.#ready();
    const { loss, gradientNorm, count, engineMilliseconds } = await this.#compute(request);
    const parts = await this.#each((lane) => lane.gradients({ scale: 1 / count }));
    const found = Object.assign({}, ...parts);
    const gradients = Object.fromEntries(setup.parameters.flatMap(({ name }) => (found[name] ? [[name, found[name]]] : [])));
    const report = { step: request.step, loss, gradientNorm, milliseconds: performance.now() - begun, engineMilliseconds };
    return { report, gradients, targets: count };
  }

  async update({ step, factor, gradients, watch = false }: UpdateRequest): ReturnType<StepOwner['update']> {
    const begun = performance.now();
    const { setup, lane, other } = this.#ready();
    // Its own part is copied out first: what goes to the other worker is handed over.
    const mine = await lane.replace({ gradients });
    const gradientNorm = Math.sqrt(sum([...mine, ...((await other?.replace({ gradients })) ?? [])]));
    if (!Number.isFinite(gradientNorm)) throw this.#fail(step, `gradient norm ${gradientNorm}`);
    const updateRatio = await this.#apply({ step, factor, gradientScale: clipping(setup.clip, gradientNorm), replaced: true, watch });
    return { gradientNorm, ...(updateRatio !== undefined && { updateRatio }), milliseconds: performance.now() - begun };
  }

  async run({ key, program, batch }: RunRequest): Promise<Record<string, Float32Array>> {
    const shelf = this.#ready({ evenAfterFault: true }).lane.shelf as ProgramShelf;
    return (await shelf.take(key, program)).outputs(batch);
  }

  async parameters(which: { current: boolean }): Promise<Record<string, Float32Array>> {
    return this.#ready({ evenAfterFault: true }).lane.parameters(which);
  }

  async state(): Promise<TrainingState> {
    const { setup, lane } = this.#ready();
    const parts = await this.#each((each) => each.optimizerState());
    const slots = new Set(parts.flatMap((part) => Object.keys(part)));
    const optimizer = Object.fromEntries(
      [...slots].map((slot) => {
        const found = Object.assign({}, ...parts.map((part) => part[slot]));
        return [slot, Object.fromEntries(setup.parameters.flatMap(({ name }) => (found[name] ? [[name, found[name]]] : [])))];
      }),
    );
    return {
      parameters: lane.parameters({ current: true }),
      optimizer,
      ...(setup.average > 0 && { average: averages(setup, lane) }),
    };
  }

  async restore(state: TrainingState): Promise<void> {
    const { lane, other } = this.#ready({ evenAfterFault: true });
    await lane.restore(state);
    await other?.restore({ parameters: state.parameters, optimizer: state.optimizer });
    this.#fault = undefined;
  }

  async dispose(): Promise<void> {
    const run = this.#run;
    this.#run = undefined;
    if (run === undefined) return;
    await Promise.all([run.lane.dispose(), run.other?.dispose()]);
  }

  #ready({ evenAfterFault = false } = {}): Run {
    if (this.#run === undefined) throw fail('disposed', { where: 'training', rule: 'a run that is set up and not disposed' });
    if (this.#fault !== undefined && !evenAfterFault) throw this.#fault;
    return this.#run;
  }

  /** Asks every worker at once, the other one first: it has the longer way. */
  async #each<T>(ask: (lane: LaneOwner) => Promise<T>): Promise<T[]> {
    const { lane, other } = this.#ready();
    const theirs = other && ask(other);
    const [mine, its] = await Promise.all([ask(lane), theirs]);
    return its === undefined ? [mine] : [mine, its];
  }

  /** Loss and gradients of a step's passes, summed in the lanes. */
  async #compute({ step, draw, batches }: StepRequest): Promise<Computed> {
    const { setup, lane, other } = this.#ready();
    const lanes = setup.lanes ?? 1;
    const work = Array.from({ length: lanes }, (_, i) => ({ lane: i, batches: batches.map((batch) => laneOf(batch, i, lanes)) }));
    const theirs = other?.compute({ draw, work: work.slice(1) });
    const [mine, its] = await Promise.all([lane.compute({ draw, work: other ? work.slice(0, 1) : work }), theirs]);
    const squares = (await this.#each((each) => each.reduce())).flat();
    const count = setup.program.reduction === 'mean' ? batches.length : countTargets(batches, step);
    const gradientNorm = Math.sqrt(sum(squares)) / count;
    const loss = sum([...mine.losses, ...(its?.losses ?? [])]) / count;
    if (!Number.isFinite(loss) || !Number.isFinite(gradientNorm)) throw this.#fail(step, `loss ${loss}, gradient norm ${gradientNorm}`);
    const engineMilliseconds = Math.max(mine.engineMilliseconds, its?.engineMilliseconds ?? 0);
    return { loss, gradientNorm, count, engineMilliseconds };
  }

  /** @returns ‖Δθ‖/‖θ‖ over all trained parameters, when watched */
  async #apply(update: LaneUpdate): Promise<number | undefined> {
    const changes: LaneChange[] = (await this.#each((lane) => lane.apply(update))).flat();
    const { lane, other } = this.#ready();
    // Nobody need wait for the other's: what it is told next comes after it.
    other?.collect().catch(() => {});
    await lane.collect();
    if (!update.watch) return undefined;
    return Math.sqrt(sum(changes.map((c) => c.changed)) / Math.max(sum(changes.map((c) => c.weights)), Number.MIN_VALUE));
  }

  #fail(step: number, got: string): HeadlightError {
    this.#fault = notFinite(step, got);
    return this.#fault;
  }
}

function averages({ parameters }: Setup, lane: LaneWorker): Record<string, Float32Array> {
  const trained = new Set(parameters.filter((p) => !p.frozen).map((p) => p.name));
  return Object.fromEntries(Object.entries(lane.parameters({ current: false })).filter(([name]) => trained.has(name)));
}

function sum(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0);
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
