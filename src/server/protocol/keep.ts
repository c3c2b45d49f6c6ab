import type { AttentionValue, HeadRef } from './read.js';
import type { RunRef } from './run.js';

/** What every kept file says of where its numbers come from. */
export interface Provenance {
  readonly model: string;
  readonly type: string;
  readonly parameters: number;
  readonly step?: number;
  /** SHA-256 of the weights' file. */
  readonly hash: string;
  readonly prompt: string;
  /** One line a change, as a person reads it, and the changes as JSON. */
  readonly changes: readonly string[];
  readonly changesJson: string;
  readonly versions: Readonly<Record<string, string>>;
}

export interface KeepRequests {
  /** What a card says: provenance, and sentences about what is seen, each made from the numbers. */
  readonly 'keep.card': {
    readonly in: RunRef & Partial<HeadRef> & { readonly value?: AttentionValue; readonly token?: number | undefined };
    readonly out: { readonly provenance: Provenance; readonly description: readonly string[] };
  };
}
