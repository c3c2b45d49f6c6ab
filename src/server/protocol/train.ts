/** A setting of the training form, as `headlight train` has it. */
export interface SettingField {
  readonly name: string;
  readonly kind: 'number' | 'text' | 'switch' | 'choice';
  readonly doc: string;
  readonly group: string;
  readonly choices?: readonly string[];
}

/** What a form says; names as in `SettingField`. What is not said has the preset's, or the task's, value. */
export type TrainSettings = Readonly<Record<string, string | number | boolean>>;

/** What is learned from: a text of one's own (its name and bytes), a file of the folder, a task, or the built-in stories. */
export type TrainSource =
  | { readonly kind: 'stories' }
  | { readonly kind: 'task'; readonly task: string }
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'upload'; readonly name: string; readonly text: string };

export interface TrainSpec {
  readonly source: TrainSource;
  readonly settings: TrainSettings;
  /** The new folder's name, below the opened folder; a free one by default. */
  readonly name?: string | undefined;
}

export type TrainState = 'preparing' | 'running' | 'paused' | 'done' | 'stopped' | 'failed';

/** A training run of this server. */
export interface TrainStatus {
  /** Its model, for `open` and all else. */
  readonly model: string;
  readonly state: TrainState;
  readonly step: number;
  readonly steps: number;
  readonly error?: string;
}

/** What a run has measured, as `metrics.jsonl` keeps it; columns of one length each. */
export interface Curves {
  readonly steps: {
    readonly step: Float64Array;
    readonly loss: Float64Array;
    readonly gradientNorm: Float64Array;
    readonly lr: Float64Array;
    readonly tokensPerSecond: Float64Array;
  };
  readonly evaluations: {
    readonly step: Float64Array;
    readonly trainLoss: Float64Array;
    readonly valLoss: Float64Array;
    readonly exactMatch: Float64Array;
  };
  readonly samples: readonly { readonly step: number; readonly text: string }[];
  readonly events: readonly { readonly step: number; readonly event: string; readonly reason: string }[];
}

/** A live message of a run. Steps come a few times a second, gathered. */
export type TrainEvent =
  | { readonly kind: 'status'; readonly status: TrainStatus }
  | { readonly kind: 'curves'; readonly curves: Curves }
  /** A checkpoint that can be opened now. */
  | { readonly kind: 'checkpoint'; readonly step: number };

export interface TrainRequests {
  /** What the form offers. */
  readonly 'train.form': {
    readonly in: Readonly<Record<string, never>>;
    readonly out: {
      readonly fields: readonly SettingField[];
      readonly tasks: readonly { readonly name: string; readonly doc: string }[];
      readonly presets: readonly { readonly name: string; readonly settings: TrainSettings }[];
      /** Text files of the folder. */
      readonly files: readonly { readonly path: string; readonly bytes: number }[];
    };
  };
  /** Checks a form without starting: what it would train. */
  readonly 'train.plan': {
    readonly in: TrainSpec;
    readonly out: { readonly parameters: number; readonly vocabulary: number; readonly tokens: number; readonly settings: TrainSettings };
  };
  readonly 'train.start': { readonly in: TrainSpec; readonly out: TrainStatus };
  /** Every run that this server has started. */
  readonly 'train.list': { readonly in: Readonly<Record<string, never>>; readonly out: { readonly runs: readonly TrainStatus[] } };
  /** Follows a run: first all that it has measured, then what is new, until it ends or the request is aborted. */
  readonly 'train.watch': {
    readonly in: { readonly model: string };
    readonly events: TrainEvent;
    readonly out: TrainStatus;
  };
  readonly 'train.pause': { readonly in: { readonly model: string }; readonly out: TrainStatus };
  readonly 'train.resume': { readonly in: { readonly model: string }; readonly out: TrainStatus };
  /** Ends it after the step under way, saved; `headlight train --resume` can go on. */
  readonly 'train.stop': { readonly in: { readonly model: string }; readonly out: TrainStatus };
  /** What any run of the folder has measured, and the steps whose checkpoints are there: the time scrubber. */
  readonly 'train.curves': {
    readonly in: { readonly model: string };
    readonly out: { readonly curves: Curves; readonly steps: readonly number[] };
  };
}
