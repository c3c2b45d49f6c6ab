import { fail } from '../../core/index.js';
import { type EngineTensor, engineTensor, Session } from '../../runtime/index.js';
import type { Kernels } from '../kernels/kernels.js';
import { type Optimizer, ruleOf } from '../optimizers/index.js';
import type { OptimizerProgram, Place, Update } from '../optimizers/rule.js';
import type { PlacedParameter, Storage } from '../storage.js';
import type { LaneChange } from './lane-protocol.js';

export interface UpdateOptions {
  /** Which parameters it updates. */
  readonly names: ReadonlySet<string>;
  /** Steps done before this one. */
  readonly step: number;
  /** The schedule's factor. */
  readonly factor: number;
  /** Multiplies every gradient: averaging and clipping. */
  readonly gradientScale: number;
  /** Byte offset of the gradients to apply, relative to where the parameters' own lie. */
  readonly gradientShift: number;
  readonly watch: boolean;
}

/** Applies an optimiser to trained parameters of a storage. */
export class Updater {
  readonly #programs = new Map<string, { readonly session: Session; readonly program: OptimizerProgram }>();

  constructor(
    private readonly storage: Storage,
    private readonly kernels: Kernels,
    private readonly optimizer: Optimizer,
  ) {}

  async load(programs: readonly OptimizerProgram[], threads: number): Promise<void> {
    for (const program of programs) {
      const session = await Session.create(program.onnx, { device: 'cpu', threads, optimize: false });
      this.#programs.set(program.key, { session, program });
    }
  }

  /** @returns Σ Δθ² and Σ θ² over what it updated, when watched */
  async apply({ names, step, factor, gradientScale, gradientShift, watch }: UpdateOptions): Promise<LaneChange> {
    const { storage, kernels } = this;
    const { memory, layout } = storage;
    const rule = ruleOf(this.optimizer);
    let changed = 0;
    let weights = 0;
    for (const p of layout.parameters) {
      if (p.gradient === undefined || !names.has(p.name)) continue;
      const { at, size } = p.parameter;
      if (watch) {
        kernels.copy(layout.before.at, at, size);
        weights += kernels.sumOfSquares(at, size);
      }
      const update: Update = {
        memory,
        kernels,
        t: step + 1,
        rate: factor * p.rate,
        decays: p.decays,
        gradientScale,
        run: (key, inputs) => this.#run(key, inputs),
      };
      await rule.update(this.optimizer, this.#place(p, p.gradient.at + gradientShift), update);
      if (watch) changed += kernels.sumOfSquaredDifferences(layout.before.at, at, size);
    }
    return { changed, weights };
  }

  async dispose(): Promise<void> {
    const loaded = [...this.#programs.values()];
    this.#programs.clear();
    await Promise.all(loaded.map(({ session }) => session.dispose()));
  }

  #place(p: PlacedParameter, gradient: number): Place {
    const slots = Object.fromEntries([...p.slots].map(([slot, span]) => [slot, span.at]));
    const { name, shape, parameter } = p;
    return { name, shape, size: parameter.size, parameter: parameter.at, gradient, slots, scratch: this.storage.layout.scratch.at };
  }

  async #run(key: string, inputs: Readonly<Record<string, Float32Array>>): Promise<Float32Array> {
    const loaded = this.#programs.get(key);
    if (loaded === undefined) throw fail('value', { where: 'optimizer', rule: 'a program that was sent with the set-up', got: key });
    const { session, program } = loaded;
    const feeds: Record<string, EngineTensor> = {};
    for (const [name, shape] of Object.entries(program.inputs)) feeds[name] = engineTensor('float32', inputs[name] as Float32Array, shape);
    const results = await session.run(feeds, { [program.output]: null });
    return (results[program.output] as EngineTensor).data as Float32Array;
  }
}
