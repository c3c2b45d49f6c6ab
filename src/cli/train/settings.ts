import { fail } from '../../core/index.js';
import type { EngineFlags } from '../options.js';
import { type Preset, type PresetName, presets } from './presets.js';
import { flagOf, type optimizerNames, type orderNames, type scheduleNames, settingTable } from './setting-table.js';

/** Everything that decides what a run learns: `trainer.json` keeps it, and a resumed run must have the same. */
export interface Settings extends Preset {
  readonly arch: string;
  readonly preset: PresetName;
  /** A task and its options; empty for text. */
  readonly task: string;
  /** Key and value heads; 0: as many as heads. */
  readonly kvHeads: number;
  /** Hidden width of the MLP; 0: the architecture's own. */
  readonly hidden: number;
  readonly activation: string;
  readonly untied: boolean;
  readonly bias: boolean;
  readonly tokenizer: string;
  /** Of several data; empty for by length. */
  readonly weights: string;
  readonly column: string;
  /** Whether passes go whole, 1, or in two lanes, 2; 0: as it suits. */
  readonly lanes: 0 | 1 | 2;
  readonly order: (typeof orderNames)[number];
  readonly optimizer: (typeof optimizerNames)[number];
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  readonly momentum: number;
  readonly weightDecay: number;
  readonly schedule: (typeof scheduleNames)[number];
  readonly warmup: number;
  readonly minLr: number;
  readonly decaySteps: number;
  readonly clip: number;
  readonly labelSmoothing: number;
  readonly average: number;
  readonly freeze: string;
  readonly rates: string;
  readonly layerDecay: number;
  readonly seed: number;
  readonly saveEvery: number;
  readonly keepEvery: number;
  readonly keep: number;
  readonly onFault: 'stop' | 'rollback';
  readonly onSpike: 'report' | 'stop' | 'rollback';
  /** Tokens of a sample written at every evaluation; 0: none. */
  readonly sample: number;
  /** Measures update ratios and attention entropies. */
  readonly watch: boolean;
  /** The checkpoint whose weights it started from; empty for none. */
  readonly from: string;
}

/** The settings a person gave, as flags or in a config file. */
export type SettingFlags = Partial<Settings>;

/** Flags that do not change what is learned. */
export interface RunFlags extends EngineFlags {
  readonly out?: string;
  readonly resume?: string;
  readonly check?: boolean;
  readonly dumpOnnx?: string;
  readonly json?: boolean;
  /** Where tokenised data are kept for the next time. */
  readonly cache?: string;
}

/** The parts of a model's configuration that settings decide. */
export type ModelSettings = Pick<
  Settings,
  'arch' | 'layers' | 'heads' | 'kvHeads' | 'width' | 'hidden' | 'context' | 'dropout' | 'activation' | 'untied' | 'bias'
>;

/** What a task has no use for. */
const textDefaults = { tokenizer: 'char', weights: '', column: '', order: 'random' } as const satisfies SettingFlags;

/** What each optimiser takes, and what it takes where nothing is said; a learning rate of 0 is the preset's. */
const optimizerDefaults = {
  adamw: { lr: 0, beta1: 0.9, beta2: 0.99, epsilon: 1e-8, momentum: 0, weightDecay: 0.1, uses: ['beta1', 'beta2', 'epsilon'] },
  lion: { lr: 3e-4, beta1: 0.9, beta2: 0.99, epsilon: 0, momentum: 0, weightDecay: 1, uses: ['beta1', 'beta2'] },
  sgd: { lr: 0.1, beta1: 0, beta2: 0, epsilon: 0, momentum: 0.9, weightDecay: 1e-4, uses: ['momentum'] },
  adafactor: { lr: 1e-2, beta1: 0, beta2: 0, epsilon: 0, momentum: 0, weightDecay: 0, uses: [] },
  muon: { lr: 0.02, beta1: 0.9, beta2: 0.99, epsilon: 0, momentum: 0.95, weightDecay: 0.1, uses: ['momentum', 'beta1', 'beta2'] },
} as const satisfies Record<Settings['optimizer'], object>;

/**
 * Fills in what was not said: from a task's advice or a checkpoint's shape where there is one, else from the preset.
 *
 * @param advice settings that a task is known to be learned with
 * @param mostRows of a pass, where it is not said how many
 * @throws value: settings that contradict each other; each message names the flags
 */
export function completeSettings(
  said: SettingFlags,
  { shape, advice = {}, mostRows = Number.POSITIVE_INFINITY }: { shape?: ModelSettings; advice?: SettingFlags; mostRows?: number } = {},
): Settings {
  const advised: SettingFlags = said.preset === undefined ? advice : {};
  const preset: Preset & SettingFlags = {
    ...presets[said.preset ?? 'nano'],
    ...(said.optimizer === undefined ? advised : forAnyOptimizer(advised)),
  };
  const batch = said.batch ?? preset.batch;
  const steps = said.steps ?? preset.steps;
  const optimizer = said.optimizer ?? 'adamw';
  const { uses, ...optimizing } = optimizerDefaults[optimizer];
  const lr = said.lr ?? (optimizing.lr || preset.lr);
  const evalEvery = said.evalEvery ?? preset.evalEvery;
  const schedule = said.schedule ?? 'cosine';
  const warmup = said.warmup ?? Math.min(preset.warmup ?? 100, Math.floor(steps / 10));
  const floor = preset.minLr === undefined ? 0.1 : preset.minLr / preset.lr;
  const settings: Settings = {
    arch: 'gpt2',
    preset: 'nano',
    task: '',
    ...textDefaults,
    kvHeads: 0,
    hidden: 0,
    activation: 'gelu_new',
    untied: false,
    bias: true,
    labelSmoothing: 0,
    average: 0,
    freeze: '',
    rates: '',
    layerDecay: 1,
    lanes: 0,
    clip: 1,
    seed: 0,
    keepEvery: 0,
    keep: 0,
    onFault: 'stop',
    onSpike: 'report',
    sample: 0,
    watch: true,
    from: '',
    ...optimizing,
    ...preset,
    batch,
    microBatch: largestDivisor(batch, Math.min(preset.microBatch, mostRows)),
    steps,
    optimizer,
    lr,
    schedule,
    warmup,
    minLr: schedule === 'cosine' ? lr * floor : 0,
    decaySteps: schedule === 'wsd' ? Math.min(Math.floor(steps / 5), Math.max(0, steps - warmup)) : 0,
    evalEvery,
    saveEvery: evalEvery,
    ...shape,
    ...said,
  };
  for (const name of ['beta1', 'beta2', 'epsilon', 'momentum'] as const) {
    if ((said[name] ?? optimizing[name]) !== optimizing[name] && !(uses as readonly string[]).includes(name))
      refuse(`${flagOf(name)} with an optimizer that has it`, `--optimizer ${optimizer}`, 'Leave it out');
  }
  checkSettings(settings);
  return inOrder(settings);
}

/** Advice without what was found with AdamW. */
function forAnyOptimizer({
  lr: _,
  minLr: __,
  beta1: ___,
  beta2: ____,
  epsilon: _____,
  weightDecay: ______,
  ...rest
}: SettingFlags): SettingFlags {
  return rest;
}

/** The settings in the table's order: the same record for the same settings, to the byte. */
export function inOrder(values: Readonly<Record<string, unknown>> | Settings): Settings {
  const kept = values as Readonly<Record<string, unknown>>;
  return Object.fromEntries(Object.keys(settingTable).map((name) => [name, kept[name]])) as unknown as Settings;
}

/** The largest number up to `most` that divides `n`. */
function largestDivisor(n: number, most: number): number {
  let divisor = Math.min(n, most);
  while (n % divisor !== 0) divisor--;
  return divisor;
}

function refuse(rule: string, got: string, fix = 'Change one of them'): never {
  throw fail('value', { where: 'train', rule, got, fix });
}

function checkSettings(settings: Settings): void {
  const { batch, microBatch, lanes, lr, minLr, warmup, steps, weightDecay, optimizer, schedule, decaySteps, saveEvery, keepEvery, keep } =
    settings;
  if (batch % microBatch !== 0) refuse('--micro-batch divides --batch', `${microBatch} and ${batch}`);
  if (lanes === 2 && microBatch % 2 !== 0) refuse('an even --micro-batch with --lanes 2', String(microBatch));
  if (minLr > lr) refuse('--min-lr is at most --lr', `${minLr} and ${lr}`);
  if (warmup > steps) refuse('--warmup is at most --steps', `${warmup} and ${steps}`);
  if (schedule === 'wsd' && warmup + decaySteps > steps)
    refuse('--warmup and --decay-steps together are at most --steps', `${warmup} + ${decaySteps} and ${steps}`);
  if (schedule !== 'wsd' && decaySteps > 0) refuse('--decay-steps with --schedule wsd', `--schedule ${schedule}`);
  if (schedule === 'inverse-sqrt' && warmup < 1) refuse('--schedule inverse-sqrt with a --warmup of at least 1', String(warmup));
  if ((schedule === 'inverse-sqrt' || schedule === 'constant') && minLr > 0)
    refuse('--min-lr with a schedule that ends at it: cosine, linear or wsd', `--schedule ${schedule}`);
  if (optimizer !== 'sgd' && weightDecay * lr >= 1) refuse('--weight-decay times --lr is below 1', `${weightDecay} and ${lr}`);
  if (keepEvery > 0 && (saveEvery === 0 || keepEvery % saveEvery !== 0))
    refuse('--keep-every is a multiple of --save-every', `${keepEvery} and ${saveEvery}`);
  if (keep > 0 && keepEvery === 0) refuse('--keep with --keep-every', `--keep ${keep} alone`);
  const textual = (['column', 'weights', 'order', 'tokenizer'] as const).filter((name) => settings[name] !== textDefaults[name]);
  if (settings.task !== '' && textual.length > 0)
    refuse('--task, which brings its own data and tokenizer, without flags of texts', textual.map(flagOf).join(', '), 'Leave them out');
}
