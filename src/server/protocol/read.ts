import type { Matrix } from './matrix.js';
import type { RunRef, RunSpec } from './run.js';

/** Which of an attention's two matrices: scores before the mask and softmax, or the pattern after. */
export type AttentionValue = 'pattern' | 'scores';

/** One head of one attention. */
export interface HeadRef {
  readonly layer: number;
  readonly head: number;
}

/** [from, to) */
export type Range = readonly [from: number, to: number];

/** What chooses the next token; the same options as generation has, applied by the same code. */
export interface Sampling {
  /** 0: always the likeliest. */
  readonly temperature?: number | undefined;
  readonly topK?: number | undefined;
  readonly topP?: number | undefined;
  readonly minP?: number | undefined;
}

/** A token that may come next. */
export interface Candidate {
  readonly id: number;
  readonly text: string;
  readonly logit: number;
  /** Under the model itself: softmax of the logits. */
  readonly probability: number;
  /** After temperature, top-k and top-p; 0 where they leave it out. */
  readonly chosen: number;
}

export interface ReadRequests {
  /**
   * A part of one head's matrix. At level 0 each cell is a weight; at level n it is the largest (of differences: the one
   * farthest from 0) of a square of 2ⁿ × 2ⁿ, so that nothing strong is lost however far one is away. Ranges count cells
   * of the level. Scores are as they were computed, before the mask: of a decoder, keys after the query do not count, and
   * a pooled cell of nothing else is −∞.
   */
  readonly 'read.tile': {
    readonly in: RunRef &
      HeadRef & { readonly value: AttentionValue; readonly rows: Range; readonly columns: Range; readonly level?: number };
    /** [rows,columns] */
    readonly out: { readonly values: Matrix };
  };
  /** Every head, small: cells are the largest of what they cover. */
  readonly 'read.thumbnails': {
    readonly in: RunRef & { readonly value: AttentionValue; readonly size: number; readonly layers?: readonly number[] };
    /** One per layer, [heads,rows,columns], rows and columns at most `size`; as each is ready. */
    readonly events: { readonly layer: number; readonly values: Matrix };
    readonly out: Readonly<Record<string, never>>;
  };
  /** The strongest weights of a head, or of its rows and columns in a range, strongest first. */
  readonly 'read.edges': {
    readonly in: RunRef &
      HeadRef & { readonly top: number; readonly above?: number; readonly rows?: Range | undefined; readonly columns?: Range | undefined };
    readonly out: {
      readonly queries: Int32Array;
      readonly keys: Int32Array;
      readonly weights: Float32Array;
      /** How many weights there are above the bound, also those beyond `top`: what is not shown is told. */
      readonly total: number;
      /** The share of all weight in the range that the edges given have. */
      readonly share: number;
    };
  };
  /** One row (what a query attends to) or one column (who attends to a key) of a head: colours of the text. */
  readonly 'read.line': {
    readonly in: RunRef & HeadRef & { readonly value: AttentionValue; readonly token: number; readonly along: 'row' | 'column' };
    readonly out: { readonly values: Float32Array };
  };
  /** One row of every head of a layer, or of all: what a query attends to, and where. */
  readonly 'read.lines': {
    readonly in: RunRef & { readonly value: AttentionValue; readonly token: number; readonly along: 'row' | 'column' };
    /** One per layer, [heads,T]. */
    readonly out: { readonly layers: readonly Matrix[] };
  };
  /** What may come after a position; the last by default. Of an encoder: what a masked word may be; of images: labels. */
  readonly 'read.next': {
    readonly in: RunRef & Sampling & { readonly position?: number | undefined; readonly count: number };
    readonly out: {
      readonly position: number;
      /** The likeliest first. Of two runs: by how much the probability changed, and `probability` is the difference. */
      readonly candidates: readonly Candidate[];
      /** How many tokens temperature, top-k and top-p leave. */
      readonly left: number;
      /** Nats, of the model's own distribution. */
      readonly entropy: number;
      /** What the text has next, where it has one. */
      readonly actual?: Candidate;
    };
  };
  /** Any site's values, or a slice of them: for tables and strips. */
  readonly 'read.site': {
    readonly in: RunRef & { readonly site: string; readonly slice?: readonly (Range | null)[] };
    readonly out: { readonly shape: readonly number[]; readonly values: Matrix };
  };
  /**
   * Goes on with a text, token by token. To see the attention of a step, run `read.run` on the ids so far: a step's row is
   * the row of its last token, as keys and values of earlier tokens do not change.
   */
  readonly 'read.generate': {
    readonly in: RunSpec & Sampling & { readonly maxNewTokens: number; readonly seed?: number; readonly alternatives?: number };
    readonly events: {
      readonly id: number;
      readonly text: string;
      readonly probability: number;
      /** The likeliest under the model itself. */
      readonly candidates: readonly Pick<Candidate, 'id' | 'text' | 'probability'>[];
    };
    readonly out: { readonly ids: readonly number[]; readonly text: string; readonly finish: string };
  };
}
