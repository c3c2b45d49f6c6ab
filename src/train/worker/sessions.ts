import { fail } from '../../core/index.js';
import type { TokenBatch } from '../../datasets/index.js';
import { type EngineTensor, engineTensor, Session } from '../../runtime/index.js';
import type { StepProgram } from '../step-program.js';

/** Finds the memory of a program's input. */
export interface Inputs {
  parameter(name: string): Float32Array | undefined;
  /** Of the i-th mask. */
  mask(i: number): Float32Array | undefined;
}

/** A batch as a program takes it. @throws name: the batch lacks what the program reads */
export function batchFeeds({ inputs }: StepProgram, batch: TokenBatch): Record<string, EngineTensor> {
  const feeds: Record<string, EngineTensor> = {};
  for (const { name, shape } of inputs) {
    const data = batch[name as keyof TokenBatch];
    if (data === undefined) throw fail('name', { where: 'training', rule: `a batch with ${name}`, got: Object.keys(batch).join(', ') });
    feeds[name] = engineTensor('int32', data, shape);
  }
  return feeds;
}

/** A program ready to run: its parameters and masks are bound to memory and fed without a copy. */
export class LoadedProgram {
  private constructor(
    readonly program: StepProgram,
    private readonly session: Session,
    private readonly feeds: Readonly<Record<string, EngineTensor>>,
  ) {}

  static async create(program: StepProgram, inputs: Inputs): Promise<LoadedProgram> {
    const feeds: Record<string, EngineTensor> = {};
    const bind = (input: string, name: string, data: Float32Array | undefined, shape: readonly number[]): void => {
      if (data === undefined) throw fail('name', { where: 'training', rule: 'parameters that belong to the model', got: name });
      feeds[input] = engineTensor('float32', data, shape);
    };
    for (const { input, name, shape } of program.parameters) bind(input, name, inputs.parameter(name), shape);
    program.masks.forEach((mask, i) => {
      bind(mask.input, mask.stream, inputs.mask(i), mask.shape);
    });
    const session = await Session.create(program.onnx, { device: program.device, threads: program.threads, optimize: false });
    return new LoadedProgram(program, session, feeds);
  }

  run(batch: TokenBatch, fetches: Readonly<Record<string, EngineTensor | null>>): Promise<Record<string, EngineTensor>> {
    return this.session.run({ ...this.feeds, ...batchFeeds(this.program, batch) }, fetches);
  }

  /** All outputs, copied. */
  async outputs(batch: TokenBatch): Promise<Record<string, Float32Array>> {
    const fetches = Object.fromEntries(this.program.outputs.map((name) => [name, null]));
    const results = await this.run(batch, fetches);
    return Object.fromEntries(
      this.program.outputs.map((name) => [name, Float32Array.from((results[name] as EngineTensor).data as Float32Array)]),
    );
  }

  dispose(): Promise<void> {
    return this.session.dispose();
  }
}

/** Programs by key: each is sent once, and found again by its key. */
export class ProgramShelf {
  readonly #loaded = new Map<string, LoadedProgram>();

  constructor(private readonly inputs: Inputs) {}

  async take(key: string, program: StepProgram | undefined): Promise<LoadedProgram> {
    const known = this.#loaded.get(key);
    if (known !== undefined) return known;
    if (program === undefined) throw fail('value', { where: 'training', rule: 'a program for each key, sent once', got: key });
    const loaded = await LoadedProgram.create(program, this.inputs);
    this.#loaded.set(key, loaded);
    return loaded;
  }

  async dispose(): Promise<void> {
    const programs = [...this.#loaded.values()];
    this.#loaded.clear();
    await Promise.all(programs.map((p) => p.dispose()));
  }
}
