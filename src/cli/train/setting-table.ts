import { InvalidArgumentError } from 'commander';
import { nearest } from '../../core/glob.js';
import { realNumber, wholeNumber } from '../options.js';
import { presets } from './presets.js';

/** How a setting is written on the command line and in a config file. */
export interface SettingSpec {
  /** As the parser takes it: `--eval-every <n>`. */
  readonly flag: string;
  readonly doc: string;
  /** What a config file holds for it. A switch has no value on the command line. */
  readonly kind: 'number' | 'text' | 'switch';
  /** The heading it stands under in `--help`. */
  readonly group: string;
  /** Reads and checks a value written as text: `true` or `false` of a switch. @throws InvalidArgumentError */
  readonly parse: (text: string) => number | string | boolean;
}

/** Reads one of some words. */
export function oneOf(names: readonly string[]): (text: string) => string {
  return (text) => {
    if (names.includes(text)) return text;
    throw new InvalidArgumentError(`It takes one of ${names.join(', ')}. Nearest: ${nearest(text, names, 1)}.`);
  };
}

export function trueOrFalse(text: string): boolean {
  if (text === 'true' || text === 'false') return text === 'true';
  throw new InvalidArgumentError('It takes true or false.');
}

type Ungrouped = Omit<SettingSpec, 'group'>;

const number = (flag: string, doc: string, parse: (text: string) => number): Ungrouped => ({ flag, doc, kind: 'number', parse });
const text = (flag: string, doc: string): Ungrouped => ({ flag, doc, kind: 'text', parse: (value) => value });
const toggle = (flag: string, doc: string): Ungrouped => ({ flag, doc, kind: 'switch', parse: trueOrFalse });
const choice = (flag: string, doc: string, names: readonly string[]): Ungrouped => ({
  flag,
  doc: `${doc}: ${names.join(', ')}`,
  kind: 'text',
  parse: oneOf(names),
});

function grouped<N extends string>(group: string, specs: Readonly<Record<N, Ungrouped>>): Record<N, SettingSpec> {
  const entries = Object.entries<Ungrouped>(specs).map(([name, spec]) => [name, { ...spec, group }]);
  return Object.fromEntries(entries) as Record<N, SettingSpec>;
}

export const optimizerNames = ['adamw', 'sgd', 'adafactor', 'lion', 'muon'] as const;
export const scheduleNames = ['cosine', 'linear', 'inverse-sqrt', 'constant', 'wsd'] as const;
export const orderNames = ['random', 'shuffled', 'packed', 'padded'] as const;

/**
 * Every setting that decides what a run learns or keeps: one line each, from which come the command's flags, the keys of
 * a config file, what a sweep may vary, and what a resumed run must have the same.
 */
export const settingTable = {
  ...grouped('Model:', {
    arch: text('--arch <name>', 'the architecture: gpt2, llama, attention-only, rnn, gru, lstm or tcn (default: gpt2)'),
    preset: choice('--preset <name>', 'where the other settings start from (default: nano)', Object.keys(presets)),
    layers: number('--layers <n>', 'blocks', wholeNumber(1, 1000)),
    heads: number('--heads <n>', 'attention heads per block; divides the width', wholeNumber(1, 1024)),
    kvHeads: number(
      '--kv-heads <n>',
      'key and value heads, of --arch llama; divides the heads; 0: as many (default: 0)',
      wholeNumber(0, 1024),
    ),
    width: number('--width <n>', 'width of the model', wholeNumber(1, 65536)),
    hidden: number('--hidden <n>', "hidden width of the MLP; 0: the architecture's own (default: 0)", wholeNumber(0, 1 << 20)),
    context: number(
      '--context <n>',
      'most tokens the model sees at once; with --from the tokens of a row (default: as many as the model sees, at most 1024)',
      wholeNumber(1, 1 << 20),
    ),
    activation: text('--activation <name>', 'activation function of the MLP (default: gelu_new)'),
    untied: toggle('--untied', 'the output head has its own weights'),
    bias: toggle('--no-bias', 'linear layers and norms without biases'),
    dropout: number('--dropout <x>', 'share of values dropped while training', realNumber({ from: 0, below: 1 })),
    from: text(
      '--from <checkpoint>',
      'fine-tune a language model: the weights, shape and tokenizer of a folder, a .gguf file or an id of the hub',
    ),
  }),
  ...grouped('Data:', {
    task: text(
      '--task <name>',
      'learn a synthetic task instead of a text: copy, reverse, sort, addition, modular, repeat, brackets; options after a colon: sort:length=8',
    ),
    tokenizer: text(
      '--tokenizer <kind>',
      'char, bpe:SIZE, wordpiece:SIZE or unigram:SIZE, made from the data, or a folder with a tokenizer.json (default: char)',
    ),
    weights: text('--weights <list>', 'of several data: how often each is drawn from, such as 3,1 (default: by their length)'),
    column: text('--column <name>', 'the field of a .jsonl or .csv that holds the text (default: text)'),
    order: choice(
      '--order <name>',
      'how rows are made: windows at random places; every window once, shuffled; whole documents, packed behind masks; one document a row, padded (default: random)',
      orderNames,
    ),
    batch: number('--batch <n>', 'rows per step', wholeNumber(1, 1 << 20)),
    microBatch: number('--micro-batch <n>', 'rows per pass through the model; divides the batch', wholeNumber(1, 1 << 20)),
    lanes: number(
      '--lanes <n>',
      '1: passes go whole; 2: in two halves, a worker each, mostly faster, with more memory; 0: as suits model and batch (default: 0)',
      wholeNumber(0, 2),
    ),
  }),
  ...grouped('Optimisation:', {
    steps: number('--steps <n>', 'training steps', wholeNumber(1)),
    optimizer: choice('--optimizer <name>', 'how weights are updated (default: adamw)', optimizerNames),
    lr: number('--lr <x>', "peak learning rate (default: the preset's, or what suits the optimizer)", realNumber({ above: 0 })),
    beta1: number(
      '--beta1 <x>',
      'decay of the mean of gradients: adamw, lion, muon (for what is no matrix)',
      realNumber({ from: 0, below: 1 }),
    ),
    beta2: number('--beta2 <x>', 'decay of the mean of their squares: adamw, lion, muon (likewise)', realNumber({ from: 0, below: 1 })),
    epsilon: number(
      '--epsilon <x>',
      'what adamw adds to the root of the mean of squares; a large one makes steps proportional to gradients',
      realNumber({ from: 0 }),
    ),
    momentum: number('--momentum <x>', 'momentum: sgd, muon', realNumber({ from: 0, below: 1 })),
    weightDecay: number('--weight-decay <x>', 'decay of the matrices', realNumber({ from: 0 })),
    schedule: choice('--schedule <name>', 'how the learning rate runs after the warm-up (default: cosine)', scheduleNames),
    warmup: number('--warmup <n>', 'steps until the learning rate peaks (default: 100, at most a tenth of the steps)', wholeNumber(0)),
    minLr: number(
      '--min-lr <x>',
      'learning rate at the end (default: a tenth of --lr with cosine, 0 with linear and wsd)',
      realNumber({ from: 0 }),
    ),
    decaySteps: number('--decay-steps <n>', 'with --schedule wsd: steps of decay at the end (default: a fifth)', wholeNumber(0)),
    clip: number('--clip <x>', 'largest norm of the gradient; 0 never clips', realNumber({ from: 0 })),
    labelSmoothing: number('--label-smoothing <x>', 'share of the target spread over all tokens', realNumber({ from: 0, to: 1 })),
    average: number(
      '--average <x>',
      'decay of a moving average of the weights, judged and kept in their place; 0: none',
      realNumber({ from: 0, below: 1 }),
    ),
    freeze: text('--freeze <globs>', 'parameters that keep their values: "tokens.*,blocks.0.*"'),
    rates: text('--rates <list>', 'factors of the learning rate by parameter: "tokens.*=0.1,blocks.1.*=0.5"'),
    layerDecay: number(
      '--layer-decay <x>',
      'factor of the learning rate from each layer to the one below',
      realNumber({ above: 0, to: 1 }),
    ),
    seed: number('--seed <n>', 'seeds weights, batches and dropout (default: 0)', wholeNumber(0)),
  }),
  ...grouped('Watching and saving:', {
    evalEvery: number('--eval-every <n>', 'evaluate every so many steps; 0: at the end only', wholeNumber(0)),
    saveEvery: number(
      '--save-every <n>',
      'save what resuming needs every so many steps (default: as often as it evaluates)',
      wholeNumber(0),
    ),
    keepEvery: number(
      '--keep-every <n>',
      'also keep a checkpoint of its own every so many steps; a multiple of what it saves; 0: none',
      wholeNumber(0),
    ),
    keep: number('--keep <n>', 'how many of those to keep, the newest; 0: all', wholeNumber(0)),
    onFault: choice('--on-fault <what>', 'when a loss is not finite (default: stop)', ['stop', 'rollback']),
    onSpike: choice('--on-spike <what>', 'when the loss leaps (default: report)', ['report', 'stop', 'rollback']),
    sample: number('--sample <n>', 'write a sample of so many tokens at every evaluation', wholeNumber(0)),
    watch: toggle('--no-watch', 'without update ratios and attention entropies'),
  }),
} as const satisfies Readonly<Record<string, SettingSpec>>;

export type SettingName = keyof typeof settingTable;

/** The rule and the remedy that a parser's complaint holds: `It takes one of a, b. Nearest: b.` */
export function complaint({ message }: InvalidArgumentError): { readonly rule: string; readonly fix?: string } {
  const [, rule = message, fix] = /^It takes (.*?)\.(?: (.*)\.)?$/.exec(message) ?? [];
  return fix === undefined ? { rule } : { rule, fix };
}

/** How a setting is written as a flag: `--eval-every`. */
export function flagOf(name: SettingName): string {
  return settingTable[name].flag.split(' ')[0] as string;
}
