import { fail } from '../../core/index.js';
import type { EngineFlags } from '../options.js';
import { type Preset, type PresetName, presets } from './presets.js';

/** Everything that decides what a run learns: `trainer.json` keeps it, and a resumed run must have the same. */
export interface Settings extends Preset {
  readonly arch: string;
  readonly preset: PresetName;
  readonly minLr: number;
  readonly warmup: number;
  readonly weightDecay: number;
  readonly clip: number;
  readonly activation: string;
  readonly untied: boolean;
  readonly bias: boolean;
  readonly tokenizer: string;
  readonly seed: number;
  /** The checkpoint whose weights it started from; empty for none. */
  readonly from: string;
}

/** The settings a person gave as flags. */
export type SettingFlags = Partial<Settings>;

/** Flags that do not change what is learned. */
export interface RunFlags extends EngineFlags {
  readonly out?: string;
  readonly resume?: string;
  readonly check?: boolean;
  readonly dumpOnnx?: string;
  readonly json?: boolean;
}

/** The parts of a model's configuration that settings decide. */
export type ModelSettings = Pick<
  Settings,
  'arch' | 'layers' | 'heads' | 'width' | 'context' | 'dropout' | 'activation' | 'untied' | 'bias'
>;

/**
 * Fills in what was not said: from a checkpoint's shape where there is one, else from the preset.
 *
 * @throws value: settings that contradict each other; each message names the flags
 */
export function completeSettings(said: SettingFlags, shape?: ModelSettings): Settings {
  const preset = presets[said.preset ?? 'nano'];
  const batch = said.batch ?? preset.batch;
  const steps = said.steps ?? preset.steps;
  const lr = said.lr ?? preset.lr;
  const settings: Settings = {
    arch: 'gpt2',
    preset: 'nano',
    layers: preset.layers,
    heads: preset.heads,
    width: preset.width,
    context: preset.context,
    batch,
    microBatch: largestDivisor(batch, preset.microBatch),
    steps,
    lr,
    minLr: lr / 10,
    warmup: Math.min(100, Math.floor(steps / 10)),
    weightDecay: 0.1,
    clip: 1,
    dropout: preset.dropout,
    activation: 'gelu_new',
    untied: false,
    bias: true,
    tokenizer: 'char',
    seed: 0,
    evalEvery: preset.evalEvery,
    from: '',
    ...shape,
    ...said,
  };
  checkSettings(settings);
  return settings;
}

/** The largest number up to `most` that divides `n`. */
function largestDivisor(n: number, most: number): number {
  let divisor = Math.min(n, most);
  while (n % divisor !== 0) divisor--;
  return divisor;
}

function checkSettings({ batch, microBatch, lr, minLr, warmup, steps, weightDecay }: Settings): void {
  const refuse = (rule: string, got: string): never => {
    throw fail('value', { where: 'train', rule, got, fix: 'Change one of them' });
  };
  if (batch % microBatch !== 0) refuse('--micro-batch divides --batch', `${microBatch} and ${batch}`);
  if (minLr > lr) refuse('--min-lr is at most --lr', `${minLr} and ${lr}`);
  if (warmup > steps) refuse('--warmup is at most --steps', `${warmup} and ${steps}`);
  if (weightDecay * lr >= 1) refuse('--weight-decay times --lr is below 1', `${weightDecay} and ${lr}`);
}

/** How a setting is written as a flag. */
export function flagOf(name: string): string {
  if (name === 'bias') return '--no-bias';
  return `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

/**
 * The settings that a run folder keeps, checked against the flags of this command.
 *
 * @throws checkpoint: a folder whose settings are damaged; value: flags that say something else
 */
export function resumeSettings(kept: Readonly<Record<string, unknown>>, said: SettingFlags, folder: string): Settings {
  const model = completeSettings({});
  for (const [name, example] of Object.entries(model)) {
    const value = kept[name];
    if (typeof value !== typeof example || (typeof value === 'number' && !Number.isFinite(value))) {
      throw fail('checkpoint', {
        where: folder,
        rule: `"${name}" is a ${typeof example}`,
        got: JSON.stringify(value) ?? 'none',
        fix: 'The folder is damaged, or not a run of this version: start a new run, from its weights with --from',
      });
    }
  }
  const settings = Object.fromEntries(Object.keys(model).map((name) => [name, kept[name]])) as unknown as Settings;
  const differing = Object.entries(said).filter(([name, value]) => settings[name as keyof Settings] !== value);
  if (differing.length > 0) {
    const list = differing.map(([name, value]) => `${flagOf(name)} ${value} (the run has ${settings[name as keyof Settings]})`).join(', ');
    throw fail('value', {
      where: `--resume ${folder}`,
      rule: 'a run goes on with its own settings',
      got: list,
      fix: `Leave the flags out, or start a new run with --from ${folder}`,
    });
  }
  checkSettings(settings);
  return settings;
}
