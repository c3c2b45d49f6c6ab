import { fail, type HeadlightError } from '../../core/index.js';
import { configureEngine } from '../../runtime/index.js';
import type {
  GradientsReply,
  RunRequest,
  Setup,
  StepOwner,
  StepReport,
  StepRequest,
  TrainingState,
  UpdateRequest,
} from '../worker/protocol.js';
import { countTargets, notFinite } from '../worker/runner.js';
import { DeviceShelf } from './shelf.js';
import { DeviceState } from './state.js';
import { DeviceStep, free, type UpdateSettings } from './step.js';
import type { DeviceArrays } from './transfer.js';
import { arrayName } from './update-program.js';

/** What there is once a run is set up. */
interface Run {
  readonly setup: Setup;
  readonly state: DeviceState;
  readonly step: DeviceStep;
  readonly shelf: DeviceShelf;
}

export interface DeviceRunnerOptions {
  /** Refuses models of which a part would run on the CPU, which is correct but slow; false by default. */
  readonly wholly?: boolean;
}

/**
 * Owns a run's numbers on a device (WebGPU). Values, gradients and what the optimiser remembers stay there: the optimiser
 * is a graph too, and makes new arrays, which take the old ones' place once loss and norm are seen to be finite.
 */
export class DeviceRunner implements StepOwner {
  #run: Run | undefined;
  /** A step whose loss was not finite: nothing goes on from it but a restored state. */
  #fault: HeadlightError | undefined;

  constructor(private readonly options: DeviceRunnerOptions = {}) {}

  async setup(setup: Setup): Promise<void> {
    if (setup.engine !== undefined) configureEngine(setup.engine);
    const trained = setup.parameters.filter((p) => !p.frozen);
    const step = await DeviceStep.create(setup, trained, this.options.wholly ?? false);
    const state = new DeviceState(setup);
    await state.restore({ parameters: setup.values, optimizer: {} });
    const shelf = new DeviceShelf((name) => state.value(name, { current: false }));
    this.#run = { setup, state, step, shelf };
  }

  async step(request: StepRequest): Promise<StepReport> {
    const begun = performance.now();
    const { setup, step, state } = this.#ready();
    const { batches, draw } = request;
    const count = setup.program.reduction === 'mean' ? batches.length : countTargets(batches, request.step);
    const gradients = await step.gradients(batches, draw, state);
    const { loss, norm, updateRatio } = await this.#apply(gradients, { step: request.step, factor: request.factor, count }, request.watch);
    const milliseconds = performance.now() - begun;
    return {
      step: request.step,
      loss,
      gradientNorm: norm,
      ...(updateRatio !== undefined && { updateRatio }),
      milliseconds,
      engineMilliseconds: milliseconds - step.drawing,
    };
  }

  async gradients({ step: at, batches, draw }: StepRequest): Promise<GradientsReply> {
    const begun = performance.now();
    const { setup, step, state } = this.#ready();
    const count = setup.program.reduction === 'mean' ? batches.length : countTargets(batches, at);
    const sums = await step.gradients(batches, draw, state);
    const { loss: summed, ...arrays } = await step.read(sums);
    free(sums);
    let squares = 0;
    const gradients = Object.fromEntries(
      Object.entries(arrays).map(([name, array]) => {
        for (let i = 0; i < array.length; i++) {
          const mean = (array[i] as number) / count;
          array[i] = mean;
          squares += mean * mean;
        }
        return [name.slice(arrayName.gradient('').length), array];
      }),
    );
    const loss = (summed?.[0] as number) / count;
    const gradientNorm = Math.sqrt(squares);
    if (!Number.isFinite(loss) || !Number.isFinite(gradientNorm)) throw this.#fail(at, `loss ${loss}, gradient norm ${gradientNorm}`);
    const milliseconds = performance.now() - begun;
    const report = { step: at, loss, gradientNorm, milliseconds, engineMilliseconds: milliseconds - step.drawing };
    return { report, gradients, targets: count };
  }

  async update({ step: at, factor, gradients, watch = false }: UpdateRequest): ReturnType<StepOwner['update']> {
    const begun = performance.now();
    const { step } = this.#ready();
    const named = Object.fromEntries(Object.entries(gradients).map(([name, array]) => [arrayName.gradient(name), array]));
    const written = await step.write({ loss: new Float32Array(1), ...named });
    const { norm, updateRatio } = await this.#apply(written, { step: at, factor, count: 1 }, watch);
    return { gradientNorm: norm, ...(updateRatio !== undefined && { updateRatio }), milliseconds: performance.now() - begun };
  }

  async run(request: RunRequest): Promise<Record<string, Float32Array>> {
    return this.#ready({ evenAfterFault: true }).shelf.run(request);
  }

  async parameters(which: { current: boolean }): Promise<Record<string, Float32Array>> {
    return this.#ready({ evenAfterFault: true }).state.parameters(which);
  }

  async state(): Promise<TrainingState> {
    return this.#ready().state.state();
  }

  async restore(state: TrainingState): Promise<void> {
    await this.#ready({ evenAfterFault: true }).state.restore(state);
    this.#fault = undefined;
  }

  async dispose(): Promise<void> {
    const run = this.#run;
    this.#run = undefined;
    if (run === undefined) return;
    await run.shelf.dispose();
    // Arrays before the sessions that made them.
    await run.state.dispose();
    await run.step.dispose();
  }

  async #apply(gradients: DeviceArrays, settings: UpdateSettings, watch = false) {
    const { step, state } = this.#ready();
    const { loss, norm, arrays } = await step.apply(gradients, settings, state);
    free(gradients);
    if (!Number.isFinite(loss) || !Number.isFinite(norm)) {
      free(arrays);
      throw this.#fail(settings.step, `loss ${loss}, gradient norm ${norm}`);
    }
    const updateRatio = watch ? await step.ratio(state, arrays) : undefined;
    state.adopt(step.updated, arrays);
    return { loss, norm, updateRatio };
  }

  #fail(step: number, got: string): HeadlightError {
    this.#fault = notFinite(step, got);
    return this.#fault;
  }

  #ready({ evenAfterFault = false } = {}): Run {
    if (this.#run === undefined) throw fail('disposed', { where: 'training', rule: 'a run that is set up and not disposed' });
    if (this.#fault !== undefined && !evenAfterFault) throw this.#fault;
    return this.#run;
  }
}
