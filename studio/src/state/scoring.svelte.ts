import type { Matrix, ModelRef, Output } from '#dist/server/protocol/index.js';
import { Latest } from './latest.js';
import type { Session } from './session.svelte.js';

export type Scores = Output<'heads.scores'>;

/** Scores of heads at each kept moment of a run. */
export interface ScoresOverTime {
  readonly model: string;
  readonly columns: readonly string[];
  readonly heads: Output<'heads.overTime'>['heads'];
  readonly steps: readonly number[];
  /** Per step, [columns, heads]. */
  readonly scores: readonly Matrix[];
  readonly isWhole: boolean;
}

/** How strongly each head does what. */
export class Scoring {
  scores = $state.raw<Scores | undefined>(undefined);
  isBusy = $state(false);
  overTime = $state.raw<ScoresOverTime | undefined>(undefined);
  readonly #latest = new Latest();
  readonly #measuring = new Latest();

  constructor(private readonly session: Session) {}

  /** @param run the text that they are measured on; random repeated tokens where none is given */
  async load(ref: ModelRef, run: string | undefined): Promise<void> {
    this.isBusy = true;
    try {
      await this.#latest.run(async (signal) => {
        const scores = await this.session.client.ask('heads.scores', { ...ref, run }, { signal });
        if (!signal.aborted) this.scores = scores;
      });
    } finally {
      this.isBusy = this.#latest.isBusy;
    }
  }

  /** Measures every kept checkpoint of a run. */
  async measure(model: string): Promise<void> {
    const steps: number[] = [];
    const scores: Matrix[] = [];
    this.overTime = { model, columns: [], heads: [], steps, scores, isWhole: false };
    await this.#measuring.run(async (signal) => {
      const out = await this.session.client.ask(
        'heads.overTime',
        { model },
        {
          signal,
          onEvent: ({ step, scores: of }) => {
            steps.push(step);
            scores.push(of);
          },
        },
      );
      if (!signal.aborted)
        this.overTime = { model, columns: out.columns, heads: out.heads, steps: [...steps], scores: [...scores], isWhole: true };
    });
  }
}
