/** A checkpoint, or one moment of a training run. */
export interface ModelRef {
  /** The model's place below the opened folder, as `hello` lists it. */
  readonly model: string;
  /** A step among `ModelInfo.steps`; the model as it is now by default. */
  readonly step?: number | undefined;
}

/** What a model takes: text; text that it reads from both ends; an image; a text to translate and its translation. */
export type ModelKind = 'decoder' | 'encoder' | 'image' | 'translation';

/** A checkpoint of the folder, not opened yet. */
export interface ModelSummary {
  readonly model: string;
  /** To show: the folder's name. */
  readonly name: string;
  /** `model_type` of its configuration. */
  readonly type: string;
  /** Whether it was trained here: it has metrics and perhaps checkpoints. */
  readonly isRun: boolean;
  /** Whether training is at work in it. */
  readonly isTraining: boolean;
  /** Why it cannot be opened, where that is known already. */
  readonly problem?: string;
}

/** An attention of the model: a row of thumbnails. */
export interface AttentionLayer {
  /** From 0, in the order of computation: `layer` of every request. */
  readonly layer: number;
  /** The module: `blocks.0.attention`, `decoder.blocks.1.cross_attention`. Its sites are this, a dot and a role. */
  readonly path: string;
  readonly kind: 'self' | 'cross';
  readonly heads: number;
  /** Heads of keys and values. */
  readonly kvHeads: number;
  /** Whether queries cannot see keys after themselves. */
  readonly causal: boolean;
  /** Whether it has scores to look at, beside the pattern. */
  readonly hasScores: boolean;
}

/** Short, for a row of pictures: `L2`; of an encoder–decoder `E0`, `D0`, and `×0` for cross-attention. */
export function layerMark({ path, kind }: Pick<AttentionLayer, 'path' | 'kind'>): string {
  const block = /\.(\d+)\./.exec(path)?.[1] ?? '0';
  if (kind === 'cross') return `×${block}`;
  return `${path.startsWith('encoder.') ? 'E' : path.startsWith('decoder.') ? 'D' : 'L'}${block}`;
}

export interface ModelInfo {
  readonly model: string;
  readonly step?: number;
  readonly name: string;
  readonly type: string;
  readonly kind: ModelKind;
  readonly parameters: number;
  readonly width: number;
  /** Most tokens. */
  readonly context: number;
  readonly vocabulary: number;
  /** Whether it reads text; else prompts are ids or images. */
  readonly hasTokenizer: boolean;
  readonly attention: readonly AttentionLayer[];
  readonly sites: readonly { readonly name: string; readonly shape: readonly string[] }[];
  /** SHA-256 of its weights' file, hexadecimal. */
  readonly hash: string;
  /** Steps whose checkpoints can be opened, ascending; empty for what is no run. */
  readonly steps: readonly number[];
  /** The step that the folder itself holds, of a run. */
  readonly now?: number;
  /** Of images: their size and that of patches. */
  readonly image?: { readonly height: number; readonly width: number; readonly channels: number; readonly patch: number };
  /** Texts to begin with, made for this model where it was trained here. */
  readonly examples: readonly string[];
}

/** One token of a prompt. */
export interface TokenInfo {
  readonly id: number;
  /** As a label reads it. */
  readonly text: string;
  /** [start, end) in the text, UTF-16; equal for what stands for nothing, such as `[CLS]`. */
  readonly start: number;
  readonly end: number;
}

export interface Limits {
  /** Characters of a text. */
  readonly text: number;
  /** Bytes of a request. */
  readonly request: number;
}

export interface ModelRequests {
  /** The first message: what there is. Again, to see what is new. */
  readonly hello: {
    readonly in: Readonly<Record<string, never>>;
    readonly out: {
      readonly version: string;
      /** The opened folder's name, without the path to it. */
      readonly folder: string;
      readonly models: readonly ModelSummary[];
      /** The one to open first. */
      readonly first?: string;
      readonly limits: Limits;
      /** Whether `train.*` is there. */
      readonly canTrain: boolean;
    };
  };
  readonly open: { readonly in: ModelRef; readonly out: ModelInfo };
  /** Lets go of a model's memory; it opens again when asked. */
  readonly close: { readonly in: ModelRef; readonly out: Readonly<Record<string, never>> };
  readonly tokenize: {
    readonly in: ModelRef & { readonly text: string };
    readonly out: { readonly tokens: readonly TokenInfo[]; readonly context: number };
  };
}
