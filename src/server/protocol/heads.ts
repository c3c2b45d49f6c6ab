import type { Matrix } from './matrix.js';
import type { ModelRef } from './model.js';

/** A column of the table of heads. */
export interface ScoreColumn {
  readonly name: string;
  /** What the score means, in one sentence. */
  readonly doc: string;
}

export interface HeadsRequests {
  /** Scores of every head, on random repeated tokens, or on a run's text. */
  readonly 'heads.scores': {
    readonly in: ModelRef & { readonly run?: string | undefined };
    readonly out: {
      readonly columns: readonly ScoreColumn[];
      /** null where a score says nothing of a head. */
      readonly heads: readonly { readonly layer: number; readonly head: number; readonly scores: readonly (number | null)[] }[];
      /** What they were measured on, in words. */
      readonly on: string;
    };
  };
  /** The same at every checkpoint of a run: curves aligned with the loss. */
  readonly 'heads.overTime': {
    readonly in: { readonly model: string; readonly columns?: readonly string[] };
    /** As each step is measured: [columns,heads], heads in the order of `heads`. */
    readonly events: { readonly step: number; readonly scores: Matrix };
    readonly out: {
      readonly columns: readonly string[];
      readonly heads: readonly { readonly layer: number; readonly head: number }[];
      readonly steps: readonly number[];
    };
  };
}
