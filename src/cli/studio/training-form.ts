import { InvalidArgumentError } from 'commander';
import { fail, nearest } from '../../core/index.js';
import { tasks } from '../../datasets/index.js';
import type { Output, SettingField, TrainSettings } from '../../server/protocol/index.js';
import { presets } from '../train/presets.js';
import { complaint, optimizerNames, orderNames, type SettingName, scheduleNames, settingTable } from '../train/setting-table.js';
import type { SettingFlags } from '../train/settings.js';

const choices: Partial<Record<SettingName, readonly string[]>> = {
  arch: ['gpt2', 'llama', 'attention-only', 'rnn', 'gru', 'lstm', 'tcn'],
  preset: Object.keys(presets),
  optimizer: optimizerNames,
  schedule: scheduleNames,
  order: orderNames,
  onFault: ['stop', 'rollback'],
  onSpike: ['report', 'stop', 'rollback'],
};
/** What the page asks in other ways, or that names paths. */
const hidden = new Set<SettingName>(['task', 'from']);
/** How many checkpoints a run keeps where nothing is said: moments to scrub over. */
const moments = 20;

/** What the form offers, from the table that the command's flags come from. */
export function formFields(): Pick<Output<'train.form'>, 'fields' | 'tasks' | 'presets'> {
  const names = (Object.keys(settingTable) as SettingName[]).filter((name) => !hidden.has(name));
  const fields = names.map((name): SettingField => {
    const { kind, doc, group } = settingTable[name];
    const among = choices[name];
    return { name, kind: among === undefined ? kind : 'choice', doc, group: group.replace(/:$/, ''), ...(among && { choices: among }) };
  });
  return {
    fields,
    tasks: Object.entries(tasks).map(([name, { doc }]) => ({ name, doc })),
    presets: Object.entries(presets).map(([name, settings]) => ({ name, settings: { ...settings } })),
  };
}

/** A form's settings, each read as its flag is, and checkpoints to scrub over. @throws name, value: what no flag takes */
export function settingsOf(said: TrainSettings): SettingFlags {
  const read = Object.entries(said).map(([name, value]) => {
    if (!Object.hasOwn(settingTable, name) || hidden.has(name as SettingName)) {
      const fix = `Nearest: ${nearest(name, Object.keys(settingTable), 1)}`;
      throw fail('name', { where: 'train', rule: 'a setting of training', got: JSON.stringify(name), fix });
    }
    try {
      return [name, settingTable[name as SettingName].parse(String(value))] as const;
    } catch (error) {
      if (!(error instanceof InvalidArgumentError)) throw error;
      throw fail('value', { where: name, ...complaint(error), got: JSON.stringify(value) });
    }
  });
  const settings = Object.fromEntries(read) as SettingFlags;
  const steps = settings.steps ?? presets[settings.preset ?? 'nano'].steps;
  if (settings.keepEvery !== undefined) return settings;
  const every = settings.saveEvery ?? settings.evalEvery ?? Math.max(1, Math.ceil(steps / moments));
  if (every === 0) return settings;
  return { ...settings, evalEvery: settings.evalEvery ?? every, saveEvery: every, keepEvery: every, sample: settings.sample ?? 64 };
}
