import { type LoweredProgram, Program, type ProgramOptions } from '../runtime/index.js';

/** Programs that are kept for the next run, the least recently used beyond some number let go. */
export class ProgramShelf {
  readonly #programs = new Map<string, Promise<Program>>();

  constructor(
    private readonly most: number,
    private readonly options: ProgramOptions,
  ) {}

  /** How many are kept. */
  get size(): number {
    return this.#programs.size;
  }

  /**
   * Works with a program, which is made where none of the key is kept.
   * @param make traces and lowers it
   */
  async use<T>(key: string, make: () => LoweredProgram, work: (program: Program) => Promise<T>): Promise<T> {
    const known = this.#programs.get(key);
    this.#programs.delete(key);
    const program = known ?? Program.create(make(), this.options);
    // A map lists its keys in the order they were set: the first is the least recently used.
    this.#programs.set(key, program);
    try {
      return await work(await program);
    } catch (error) {
      await this.#drop(key, program);
      throw error;
    } finally {
      const over = [...this.#programs].slice(0, Math.max(0, this.#programs.size - this.most));
      for (const [oldest, kept] of over) await this.#drop(oldest, kept);
    }
  }

  async dispose(): Promise<void> {
    for (const [key, program] of this.#programs) await this.#drop(key, program);
  }

  async #drop(key: string, program: Promise<Program>): Promise<void> {
    if (this.#programs.get(key) === program) this.#programs.delete(key);
    await program.then((p) => p.dispose()).catch(() => {});
  }
}
