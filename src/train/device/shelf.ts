import { fail } from '../../core/index.js';
import { type EngineTensor, Session } from '../../runtime/index.js';
import type { StepProgram } from '../step-program.js';
import type { RunRequest } from '../worker/protocol.js';
import { batchFeeds } from '../worker/sessions.js';

/** Programs of a run besides its step, over parameters on a device: each is sent once, and found again by its key. */
export class DeviceShelf {
  readonly #loaded = new Map<string, { readonly program: StepProgram; readonly session: Session }>();

  /** @param parameter finds a parameter's present values */
  constructor(private readonly parameter: (name: string) => EngineTensor) {}

  /** All outputs, copied. */
  async run({ key, program, batch }: RunRequest): Promise<Record<string, Float32Array>> {
    const loaded = this.#loaded.get(key) ?? (await this.#load(key, program));
    const feeds = { ...parameterFeeds(loaded.program, this.parameter), ...batchFeeds(loaded.program, batch) };
    const results = await loaded.session.run(feeds, Object.fromEntries(loaded.program.outputs.map((name) => [name, null])));
    return Object.fromEntries(Object.entries(results).map(([name, { data }]) => [name, Float32Array.from(data as Float32Array)]));
  }

  async dispose(): Promise<void> {
    const loaded = [...this.#loaded.values()];
    this.#loaded.clear();
    for (const { session } of loaded) await session.dispose();
  }

  async #load(key: string, program: StepProgram | undefined) {
    if (program === undefined) throw fail('value', { where: 'training', rule: 'a program for each key, sent once', got: key });
    const { device, threads } = program;
    const loaded = { program, session: await Session.create(program.onnx, { device, threads, optimize: false }) };
    this.#loaded.set(key, loaded);
    return loaded;
  }
}

/** A program's parameters as it takes them. */
export function parameterFeeds({ parameters }: StepProgram, parameter: (name: string) => EngineTensor): Record<string, EngineTensor> {
  return Object.fromEntries(parameters.map(({ input, name }) => [input, parameter(name)]));
}
