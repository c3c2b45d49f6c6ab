import { randomBits } from '#dist/core/index.js';
import { engineTensor, Session } from '#dist/runtime/index.js';
import { loadKernels } from '#dist/train/kernels/kernels.js';
import { type Optimizer, type OptimizerProgram, type Place, ruleOf } from '#dist/train/optimizers/index.js';

/** n values in [-scale, scale), by the counter-based hash; test/fixtures/optimizers.py repeats it. */
export function noise(n: number, stream: number, scale = 1): Float32Array {
  return Float32Array.from({ length: n }, (_, i) => scale * (randomBits({ k0: stream, k1: 77 }, i) / 2 ** 31 - 1));
}

export interface Trained {
  readonly name: string;
  readonly shape: readonly number[];
}

/** The parameter `index` of a trial before its first step, and its gradient at step t, counted from 1. */
export const initial = ({ shape }: Trained, index: number): Float32Array => noise(sizeOf(shape), 1000003 * (index + 1));
export const gradientAt = ({ shape }: Trained, index: number, t: number, scale = 0.1): Float32Array =>
  noise(sizeOf(shape), 1000003 * (index + 1) + 7919 * t, scale);

export const sizeOf = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

export interface Conditions {
  readonly rate?: (t: number) => number;
  readonly decays?: boolean;
  readonly gradientScale?: number;
  readonly threads?: number;
}

type Arrays = Record<string, Float32Array>;

/** One run of an optimiser: everything in one memory, as a training worker lays it out. */
export class Trial {
  readonly memory: WebAssembly.Memory;
  readonly places: readonly Place[];
  readonly #kernels;
  readonly #sessions = new Map<string, { session: Session; program: OptimizerProgram }>();

  private constructor(
    readonly optimizer: Optimizer,
    readonly trained: readonly Trained[],
    readonly conditions: Conditions,
  ) {
    let end = 64;
    const take = (elements: number): number => {
      const at = end;
      end += Math.ceil((4 * elements) / 16) * 16;
      return at;
    };
    const rule = ruleOf(optimizer);
    this.places = trained.map((p) => {
      const size = sizeOf(p.shape);
      const slots = Object.entries(rule.slots(optimizer, p)).map(([slot, shape]) => [slot, take(sizeOf(shape))] as const);
      return {
        ...p,
        size,
        parameter: take(size),
        gradient: take(size),
        slots: Object.fromEntries(slots),
        scratch: take(rule.scratch?.(optimizer, p) ?? 0),
      };
    });
    this.memory = new WebAssembly.Memory({ initial: Math.ceil(end / 65536) });
    this.#kernels = loadKernels(this.memory);
    this.places.forEach((place, i) => {
      this.view(place.parameter, place.size).set(initial(place, i));
    });
  }

  static async start(optimizer: Optimizer, trained: readonly Trained[], conditions: Conditions = {}): Promise<Trial> {
    const trial = new Trial(optimizer, trained, conditions);
    for (const program of ruleOf(optimizer).programs?.(optimizer, trained) ?? []) {
      const session = await Session.create(program.onnx, { device: 'cpu', threads: conditions.threads ?? 1, optimize: false });
      trial.#sessions.set(program.key, { session, program });
    }
    return trial;
  }

  view(at: number, size: number): Float32Array {
    return new Float32Array(this.memory.buffer, at, size);
  }

  /** One step, of every parameter; the gradients are `gradientAt`'s unless given. */
  async step(t: number, gradients?: readonly Float32Array[]): Promise<void> {
    const { rate = () => 1, decays = true, gradientScale = 1 } = this.conditions;
    const rule = ruleOf(this.optimizer);
    for (const [i, place] of this.places.entries()) {
      this.view(place.gradient, place.size).set(gradients?.[i] ?? gradientAt(place, i, t));
      const { memory } = this;
      const run = (key: string, inputs: Readonly<Arrays>): Promise<Float32Array> => this.#run(key, inputs);
      await rule.update(this.optimizer, place, { memory, kernels: this.#kernels, t, rate: rate(t), decays, gradientScale, run });
    }
  }

  async steps(from: number, to: number): Promise<void> {
    for (let t = from; t <= to; t++) await this.step(t);
  }

  parameter(i: number): Float32Array {
    const { parameter, size } = this.places[i] as Place;
    return this.view(parameter, size).slice();
  }

  /** What is remembered of the parameter i. */
  slots(i: number): Arrays {
    const place = this.places[i] as Place;
    const shapes = Object.entries(ruleOf(this.optimizer).slots(this.optimizer, place));
    return Object.fromEntries(shapes.map(([slot, shape]) => [slot, this.view(place.slots[slot] as number, sizeOf(shape)).slice()]));
  }

  /** Goes on where another trial stands. */
  resume(from: Trial): void {
    this.places.forEach((place, i) => {
      this.view(place.parameter, place.size).set(from.parameter(i));
      for (const [slot, values] of Object.entries(from.slots(i))) this.view(place.slots[slot] as number, values.length).set(values);
    });
  }

  async dispose(): Promise<void> {
    for (const { session } of this.#sessions.values()) await session.dispose();
  }

  async #run(key: string, inputs: Readonly<Arrays>): Promise<Float32Array> {
    const found = this.#sessions.get(key);
    if (found === undefined) throw new Error(`no program '${key}' was asked for`);
    const { session, program } = found;
    const feeds = Object.entries(program.inputs).map(([name, shape]) => [
      name,
      engineTensor('float32', inputs[name] as Float32Array, shape),
    ]);
    const results = await session.run(Object.fromEntries(feeds), { [program.output]: null });
    return results[program.output]?.data as Float32Array;
  }
}
