import type { Change } from './change.js';
import type { AttentionLayer, ModelRef, TokenInfo } from './model.js';

/** What a model is run on. */
export type Prompt =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'ids'; readonly ids: readonly number[] }
  /** A PNG or JPEG file. */
  | { readonly kind: 'image'; readonly bytes: Uint8Array }
  /** Source and what is known of the target: texts, or the ids of all the target's tokens, its start among them. */
  | { readonly kind: 'translation'; readonly source: string; readonly target: string | readonly number[] };

/** A model on a prompt with changes: computed when something of it is asked for. */
export interface RunSpec extends ModelRef {
  readonly prompt: Prompt;
  /** In the order they are applied; those that are off are left out. */
  readonly changes?: readonly Change[] | undefined;
}

/** What a view shows: a run, or the difference of two (A − B; see `compare.align`). */
export interface RunRef {
  readonly run: string;
  readonly minus?: string | undefined;
}

/** A run, ready to be looked at. */
export interface RunInfo {
  /** Names it in other requests. The same model, prompt and changes have the same name. */
  readonly run: string;
  /** T of them: the queries of self-attention and of cross-attention. */
  readonly tokens: readonly TokenInfo[];
  /** Of a translation: the keys of cross-attention, and of the encoder. */
  readonly source?: readonly TokenInfo[];
  /** Of an image: the grid that tokens after the first `special` ones lie on, row by row. */
  readonly grid?: { readonly rows: number; readonly columns: number; readonly special: number };
  /** Of an image: as the model sees it, resized and cropped; a byte for each of red, green and blue, row by row. */
  readonly picture?: { readonly width: number; readonly height: number; readonly rgb: Uint8Array };
  readonly attention: readonly AttentionLayer[];
  /** Tokens of the text that are beyond the model's context and were left out. */
  readonly leftOut: number;
  /** What the prompt would hold as text, where it was given as ids. */
  readonly text?: string;
}

export interface RunRequests {
  readonly 'read.run': {
    readonly in: RunSpec & {
      /** The model whose runs this one is to be compared with, where it is another: the run is held beside them too. */
      readonly beside?: string | undefined;
    };
    readonly out: RunInfo;
  };
}
