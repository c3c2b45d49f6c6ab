import type { Tokenizer } from '../../tokenizers/tokenizer.js';
import type { TrainingData } from '../data.js';
import { readSettings, type SettingsOf, type TaskOptions, type TaskSetting } from './options.js';

/** A question and its one right answer, as token ids. */
export interface Problem {
  readonly question: readonly number[];
  readonly answer: readonly number[];
}

/** A question and its one right answer, as text: `prompt` is what a model is given to continue. */
export interface TaskSample {
  readonly prompt: string;
  readonly answer: string;
}

/** Settings of a training run under which a small model learns the task with its default options: a preset. */
export interface TaskPreset {
  readonly layers: number;
  readonly heads: number;
  readonly width: number;
  readonly batch: number;
  readonly steps: number;
  readonly lr: number;
  /** The learning rate at the end; equal to `lr`: constant after the warm-up. */
  readonly minLr: number;
  readonly warmup: number;
  readonly weightDecay: number;
  readonly betas: readonly [number, number];
  /** AdamW's; 1e-8 where nothing is said. */
  readonly epsilon?: number;
  readonly evalEvery: number;
}

/** A task with its options chosen. */
export interface Task {
  readonly name: string;
  /** Every option's value, those left at their defaults too. */
  readonly settings: Readonly<Record<string, TaskSetting>>;
  /** The task as text, every option named: `parseTask(spec)` makes the same task. */
  readonly spec: string;
  readonly tokenizer: Tokenizer;
  /** Tokens that a model must hold: those of the longest question and answer, less one, which is only predicted. */
  readonly context: number;
  readonly preset: TaskPreset;
  /** Questions kept from learning, as prompts to try a trained model with. */
  readonly prompts: readonly string[];
  /** Question `index` of those kept from learning, in the random order of a seed. */
  question(seed: number, index: number): TaskSample;
  /**
   * The right answer to any prompt of the task's form, worked out from its text.
   * @throws value: a prompt of another form
   */
  solve(prompt: string): string;
  /** What a run learns from, and is judged on. */
  data(): TrainingData;
}

/** A kind of task: what the registry holds, and `createTask` makes a task of. */
export interface TaskDeclaration {
  readonly name: string;
  /** One line: what is asked, with an example. */
  readonly doc: string;
  readonly options: TaskOptions;
  readonly preset: TaskPreset;
  /** @throws name, value: options that do not exist, do not fit their ranges, or contradict each other */
  create(given?: Readonly<Record<string, unknown>>): Task;
}

/** What a declaration's `make` gives; the rest of a task follows from it. */
export type TaskBody = Omit<Task, 'name' | 'settings' | 'spec' | 'preset' | 'prompts'>;

/** Declares a kind of task: its options as data, and how it is made of settings already checked against their ranges. */
export function declareTask<const O extends TaskOptions>(declaration: {
  readonly name: string;
  readonly doc: string;
  readonly options: O;
  readonly preset: TaskPreset;
  make(settings: SettingsOf<O>): TaskBody;
}): TaskDeclaration {
  const { name, doc, options, preset } = declaration;
  return {
    name,
    doc,
    options,
    preset,
    create: (given = {}) => {
      const settings = readSettings(name, options, given);
      const body = declaration.make(settings as SettingsOf<O>);
      return {
        ...body,
        name,
        settings,
        spec: `${name}:${Object.entries(settings)
          .map(([option, value]) => `${option}=${value}`)
          .join(',')}`,
        preset,
        prompts: [0, 1, 2].map((index) => body.question(0, index).prompt),
      };
    },
  };
}
