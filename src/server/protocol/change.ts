import type { Matrix } from './matrix.js';
import type { ModelRef } from './model.js';
import type { HeadRef } from './read.js';
import type { Prompt } from './run.js';

/** Where a change applies: sites, perhaps with a slice (`blocks.1.attention.mixed[:, :, 3]`), and places told by word. */
export interface Where {
  readonly at: string;
  readonly heads?: readonly number[] | undefined;
  /** Of queries, where a site has queries and keys. */
  readonly positions?: readonly number[] | undefined;
  readonly keys?: readonly number[] | undefined;
  readonly neurons?: readonly number[] | undefined;
  readonly channels?: readonly number[] | undefined;
}

/** What is done to a run while it is computed, in order: the lens's interventions as the protocol carries them. */
export type Intervention = Where &
  (
    | { readonly kind: 'zero' }
    | { readonly kind: 'value'; readonly value: Matrix }
    /** What was computed elsewhere, by site: a mean over tokens or prompts, another prompt's values, a clean run's patterns. */
    | { readonly kind: 'mean' | 'resample' | 'freeze'; readonly values: Readonly<Record<string, Matrix>> }
    /** Steering: x + coefficient · vector. */
    | { readonly kind: 'add'; readonly vector: Matrix; readonly coefficient: number }
    | { readonly kind: 'scale'; readonly factor: number }
    /** Edges of a pattern; with `renormalise`, what is left of a row is scaled to sum to 1 again. */
    | { readonly kind: 'cut'; readonly edges: readonly (readonly [query: number, key: number])[]; readonly renormalise: boolean }
  );

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
    readonly in: {
      readonly run: string;
      readonly from: Prompt;
      readonly site: string;
      readonly head?: number | undefined;
      readonly position?: number | undefined;
      readonly fromPosition?: number | undefined;
    };
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
  /** Changes that are on as a JSON file, which `headlight lens … --replay` takes too. */
  readonly 'change.write': { readonly in: ModelRef & { readonly changes: readonly Change[] }; readonly out: { readonly json: string } };
  /** Reads such a file. */
  readonly 'change.read': { readonly in: ModelRef & { readonly json: string }; readonly out: { readonly changes: readonly Change[] } };
}
