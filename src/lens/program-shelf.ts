import { type LoweredProgram, Program, type ProgramOptions } from '../runtime/index.js';

interface Kept {
  readonly program: Promise<Program>;
  /** How many runs are under way. */
  users: number;
}

/** Programs that are kept for the next run, the least recently used beyond some number let go once they are idle. */
export class ProgramShelf {
  readonly #programs = new Map<string, Kept>();

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
    const kept = this.#programs.get(key) ?? { program: Program.create(make(), this.options), users: 0 };
    // A map lists its keys in the order they were set: the first is the least recently used.
    this.#programs.delete(key);
    this.#programs.set(key, kept);
    kept.users += 1;
    try {
      return await work(await kept.program);
    } catch (error) {
      this.#programs.delete(key);
      throw error;
    } finally {
      kept.users -= 1;
      // What was dropped meanwhile goes with its last run.
      if (kept.users === 0 && this.#programs.get(key) !== kept) await disposed(kept);
      await this.#trim();
    }
  }

  async dispose(): Promise<void> {
    const all = [...this.#programs.values()];
    this.#programs.clear();
    await Promise.all(all.filter(({ users }) => users === 0).map(disposed));
  }

  async #trim(): Promise<void> {
    const idle = [...this.#programs].filter(([, { users }]) => users === 0);
    for (const [key, kept] of idle.slice(0, Math.max(0, this.#programs.size - this.most))) {
      this.#programs.delete(key);
      await disposed(kept);
    }
  }
}

async function disposed({ program }: Kept): Promise<void> {
  // A program that could not be made has said so to whoever asked for it.
  await program.then((p) => p.dispose()).catch(() => {});
}
