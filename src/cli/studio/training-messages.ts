import type { SettingFlags } from '../train/settings.js';

/** What a training process is to do: a new run, or to go on with one. */
export type TrainingJob =
  | {
      readonly kind: 'new';
      readonly sources: readonly string[];
      readonly settings: SettingFlags;
      readonly out: string;
      readonly planOnly?: boolean;
    }
  | { readonly kind: 'resume'; readonly folder: string };

/** To the process. */
export type ToTraining = { readonly kind: 'pause' | 'resume' | 'stop' };

/** From it. */
export type FromTraining =
  | {
      readonly kind: 'planned';
      readonly parameters: number;
      readonly vocabulary: number;
      readonly tokens: number;
      readonly steps: number;
      readonly settings: Readonly<Record<string, string | number | boolean>>;
    }
  | { readonly kind: 'step'; readonly step: number }
  | { readonly kind: 'ended'; readonly stopped: boolean; readonly step: number }
  | { readonly kind: 'failed'; readonly message: string };
