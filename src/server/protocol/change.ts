import type { Matrix } from './matrix.js';
import type { ModelRef } from './model.js';
import type { HeadRef } from './read.js';
import type { Prompt } from './run.js';

/**
 * What is done to a run while it is computed. `at` is a site or a glob of sites, with a slice where only a part is meant:
 * `blocks.1.attention.mixed[:, :, 3]`. Applied in their order.
 */
export type Intervention =
  | { readonly kind: 'zero'; readonly at: string }
  /** The mean over a reference set of prompts, computed once. */
  | { readonly kind: 'mean'; readonly at: string; readonly value: Matrix }
  /** What another prompt had there. */
  | { readonly kind: 'resample'; readonly at: string; readonly value: Matrix; readonly from?: string }
  | { readonly kind: 'value'; readonly at: string; readonly value: Matrix }
  /** Steering: value + coefficient · vector. */
  | { readonly kind: 'add'; readonly at: string; readonly vector: Matrix; readonly coefficient: number }
  | { readonly kind: 'scale'; readonly at: string; readonly factor: number }
  /** Edges of a pattern; with `renormalise`, what is left of a row is scaled to its former sum. */
  | {
      readonly kind: 'cut';
      readonly at: string;
      readonly heads?: readonly number[];
      readonly edges: readonly (readonly [query: number, key: number])[];
      readonly renormalise: boolean;
    }
  /** Patterns as another run, the clean one, had them. */
  | { readonly kind: 'freeze'; readonly at: string; readonly value: Matrix };

/** A chip: a change that has a name and can be switched off. */
export interface Change {
  readonly id: string;
  /** What a person calls it; `label` of `change.*` by default. */
  readonly name: string;
  readonly isOn: boolean;
  readonly intervention: Intervention;
}

/** A change as the server makes it: its numbers computed, a name proposed. */
export interface Proposal {
  readonly intervention: Intervention;
  readonly label: string;
}

export interface ChangeRequests {
  /** Sets one attention weight; the other weights of its row are scaled so that the row keeps its sum. */
  readonly 'change.weight': {
    readonly in: { readonly run: string } & HeadRef & { readonly query: number; readonly key: number; readonly weight: number };
    readonly out: Proposal;
  };
  /** Cuts edges of a head. */
  readonly 'change.cut': {
    readonly in: { readonly run: string } & HeadRef & {
        readonly edges: readonly (readonly [query: number, key: number])[];
        readonly renormalise?: boolean;
      };
    readonly out: Proposal;
  };
  /** Takes a head, or a whole attention or MLP, out: zero, or the mean over the prompt's tokens. */
  readonly 'change.ablate': {
    readonly in: { readonly run: string } & (
      | (HeadRef & { readonly what: 'head'; readonly with?: 'zero' | 'mean' })
      | { readonly what: 'site'; readonly at: string; readonly with?: 'zero' | 'mean' }
    );
    readonly out: Proposal;
  };
  /** Puts in what another prompt has at a site; at one position, or at all where the prompts have one length. */
  readonly 'change.patch': {
    readonly in: { readonly run: string; readonly from: Prompt; readonly site: string; readonly head?: number; readonly position?: number };
    readonly out: Proposal;
  };
  /** Steers: adds the difference between two prompts at a site, at their last tokens, to every position or one. */
  readonly 'change.steer': {
    readonly in: {
      readonly run: string;
      readonly towards: string;
      readonly away: string;
      readonly site: string;
      readonly coefficient: number;
      readonly position?: number;
    };
    readonly out: Proposal;
  };
  /** Changes as a JSON file, which `headlight lens … --replay` takes too. */
  readonly 'change.write': { readonly in: ModelRef & { readonly changes: readonly Change[] }; readonly out: { readonly json: string } };
  /** Reads such a file. */
  readonly 'change.read': { readonly in: ModelRef & { readonly json: string }; readonly out: { readonly changes: readonly Change[] } };
}
