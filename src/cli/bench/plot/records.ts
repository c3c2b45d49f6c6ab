import type { Summary } from '../statistics.js';

/** What the benches in bench/ record, as far as it is drawn. */
export interface TrainingPeersRecord {
  readonly bench: 'training-peers';
  readonly results: Readonly<
    Record<string, { readonly missing: string } | { readonly version: string; readonly ratio: number; readonly ratios: Summary }>
  >;
}

export interface LlamaCppRecord {
  readonly bench: 'llama-cpp';
  /** Milliseconds of every round, by model, task and side. */
  readonly models: Readonly<Record<string, { readonly times: Readonly<Record<string, Readonly<Record<string, readonly number[]>>>> }>>;
}

export interface BrowserRecord {
  readonly bench: 'browser';
  /** The name of the result that the others are measured against. */
  readonly baseline: string;
  /** Times over the baseline's in the same round. */
  readonly results: readonly { readonly name: string; readonly ratio: Summary }[];
}
