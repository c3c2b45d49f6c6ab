import { showToken } from '#dist/lens/picture/token-text.js';
import type { Candidate, Output, RunRef, Sampling } from '#dist/server/protocol/index.js';
import { Latest } from './latest.js';
import type { Session } from './session.svelte.js';

export type Next = Output<'read.next'>;

/** A candidate whose text a reader can see. */
function shown(candidate: Candidate): Candidate {
  return { ...candidate, text: showToken(candidate.text) };
}

/** How many tokens are listed. */
const LISTED = 10;

/** What comes next, and what would without the changes. */
export class Prediction {
  next = $state.raw<Next | undefined>(undefined);
  /** Probabilities by id without the changes; undefined where there are none. */
  before = $state.raw<ReadonlyMap<number, number> | undefined>(undefined);
  readonly #latest = new Latest();

  constructor(private readonly session: Session) {}

  /** Resolves when no prediction is under way. */
  get settled(): Promise<void> {
    return this.#latest.settled;
  }

  clear(): void {
    this.#latest.stop();
    this.next = undefined;
    this.before = undefined;
  }

  async load(ref: RunRef, base: RunRef | undefined, sampling: Sampling, position: number | undefined): Promise<void> {
    await this.#latest.run(async (signal) => {
      const ask = (of: RunRef, count: number) => this.session.client.ask('read.next', { ...of, ...sampling, position, count }, { signal });
      // The base is asked for more: a token may have been far down before.
      const [next, before] = await Promise.all([ask(ref, LISTED), base ? ask(base, 200) : undefined]);
      if (signal.aborted) return;
      this.next = { ...next, candidates: next.candidates.map(shown), ...(next.actual ? { actual: shown(next.actual) } : {}) };
      this.before = before && new Map(before.candidates.map(({ id, probability }) => [id, probability]));
    });
  }
}
