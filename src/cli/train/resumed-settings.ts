import { fail } from '../../core/index.js';
import { flagOf, type SettingName, settingTable } from './setting-table.js';
import { completeSettings, inOrder, type SettingFlags, type Settings } from './settings.js';

/** Settings that a resumed run may change: nothing that is learned depends on them. */
const changeable: readonly string[] = ['sample', 'watch'] satisfies SettingName[];

/** Settings that came later, as runs that were begun without them go. */
const added: SettingFlags = { lanes: 0 };

/**
 * The settings that a run folder keeps, checked against the flags of this command.
 *
 * @throws checkpoint: a folder whose settings are damaged; value: flags that say something else
 */
export function resumeSettings(record: Readonly<Record<string, unknown>>, said: SettingFlags, folder: string): Settings {
  const kept: Readonly<Record<string, unknown>> = { ...added, ...record };
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
  const changed = Object.entries(said).filter(([name]) => changeable.includes(name));
  const settings = inOrder({ ...kept, ...Object.fromEntries(changed) });
  const differing = (Object.keys(said) as SettingName[]).filter((name) => settings[name] !== said[name]);
  if (differing.length > 0) {
    const list = differing
      .map((name) => `${written(name, said[name])} (the run has ${settings[name] === '' ? 'none' : settings[name]})`)
      .join(', ');
    throw fail('value', {
      where: `--resume ${folder}`,
      rule: 'a run goes on with its own settings',
      got: list,
      fix: `Leave the flags out, or start a new run with --from ${folder}`,
    });
  }
  return settings;
}

/** A setting as flags write it; a switch, of which a flag knows one side only, as config files do. */
function written(name: SettingName, value: unknown): string {
  return `${settingTable[name].kind === 'switch' ? name : flagOf(name)} ${value}`;
}
