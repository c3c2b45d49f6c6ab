import type { HostArray } from '../../../core/index.js';
import type { Tensor } from '../../../ops/index.js';
import { type GraphInput, lowerProgram, Program } from '../../../runtime/index.js';
import { Kept } from '../kept.js';
import { keptPrograms } from '../limits.js';

/** Compiled programs of one model, by what they compute; those unused longest are disposed. */
export class Programs {
  readonly #kept = new Kept<Promise<Program>>(keptPrograms, (program) => {
    void program.then((p) => this.#busy.then(() => p.dispose())).catch(() => {});
  });
  /** Runs stand in line: weights are the model's, and change between runs of different checkpoints. */
  #busy: Promise<unknown> = Promise.resolve();

  /**
   * Values of tensors.
   * @param key tells the program apart from others: the same key must mean the same graph and tensors
   * @param prepare is called when its turn has come, just before it runs
   */
  async run(
    key: string,
    outputs: () => { readonly tensors: Readonly<Record<string, Tensor>>; readonly inputs: readonly GraphInput[] },
    feeds: Readonly<Record<string, HostArray>>,
    prepare: () => Promise<void>,
  ): Promise<Record<string, HostArray>> {
    return this.inTurn(async () => {
      await prepare();
      const program = await this.#program(key, outputs);
      return program.run(feeds);
    });
  }

  /** Work on the model during which no program of it runs and its weights stay. */
  inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#busy.then(work);
    this.#busy = turn.catch(() => {});
    return turn;
  }

  #program(
    key: string,
    outputs: () => { readonly tensors: Readonly<Record<string, Tensor>>; readonly inputs: readonly GraphInput[] },
  ): Promise<Program> {
    const known = this.#kept.get(key);
    if (known !== undefined) return known;
    const { tensors, inputs } = outputs();
    const made = Program.create(lowerProgram(tensors, inputs));
    made.catch(() => this.#kept.delete(key));
    this.#kept.set(key, made);
    return made;
  }

  get count(): number {
    return this.#kept.count;
  }

  async dispose(): Promise<void> {
    this.#kept.clear();
    await this.#busy;
  }
}
