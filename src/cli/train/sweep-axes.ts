import { InvalidArgumentError } from 'commander';
import { fail, nearest } from '../../core/index.js';
import { complaint, flagOf, type SettingName, settingTable } from './setting-table.js';
import type { SettingFlags } from './settings.js';

/** A setting's value as flags and config files write it. */
export type SettingValue = string | number | boolean;

/** One setting and the values to try. */
export interface SweepAxis {
  readonly name: SettingName;
  readonly values: readonly SettingValue[];
}

/** One run of a sweep. */
export interface SweepPoint {
  /** Names the run's folder: `lr=0.001,width=64`. */
  readonly name: string;
  readonly settings: SettingFlags;
}

/** Names of folders stay this short: file systems take 255 bytes. */
const longestName = 120;

/**
 * Reads `NAME=VALUE,VALUE…` lists; names as flags or as config keys.
 * @throws name, value: an unknown setting, no values, a value out of range, the same setting twice
 */
export function parseSweep(texts: readonly string[]): SweepAxis[] {
  const where = '--sweep';
  const axes = texts.map((text) => {
    const [, key = '', list = ''] = /^-*([^=]*)=?(.*)$/s.exec(text) ?? [];
    const name = settingNamed(
      key.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase()),
      where,
    );
    const values = list.split(',').filter((value) => value !== '');
    return axisOf(
      name,
      values.map((value) => parsed(name, value, where)),
      where,
    );
  });
  const twice = axes.find((axis, i) => axes.findIndex((a) => a.name === axis.name) !== i);
  if (twice) throw fail('value', { where, rule: 'each setting once', got: `${twice.name} twice`, fix: 'Put all its values in one list' });
  return axes;
}

/** @throws name: no such setting, with the nearest */
export function settingNamed(name: string, where: string): SettingName {
  if (Object.hasOwn(settingTable, name)) return name as SettingName;
  throw fail('name', {
    where,
    rule: 'a setting with the values to try, such as lr=1e-3,3e-3',
    got: JSON.stringify(name),
    fix: `Nearest: ${nearest(name, Object.keys(settingTable), 1)}`,
  });
}

/** @throws value: no values */
export function axisOf(name: SettingName, values: readonly SettingValue[], where: string): SweepAxis {
  if (values.length > 0) return { name, values: [...new Set(values)] };
  throw fail('value', { where, rule: 'values to try, such as lr=1e-3,3e-3', got: `none for ${name}` });
}

function parsed(name: SettingName, text: string, where: string): SettingValue {
  try {
    return settingTable[name].parse(text);
  } catch (error) {
    if (!(error instanceof InvalidArgumentError)) throw error;
    const { rule, fix } = complaint(error);
    throw fail('value', { where, rule: `${flagOf(name)}: ${rule}`, got: text, ...(fix !== undefined && { fix }) });
  }
}

/** Every combination, the last setting varying fastest. No two have the same name. */
export function gridOf(axes: readonly SweepAxis[]): SweepPoint[] {
  const combinations = axes.reduce<{ name: SettingName; value: SettingValue }[][]>(
    (grid, { name, values }) => grid.flatMap((point) => values.map((value) => [...point, { name, value }])),
    [[]],
  );
  const taken = new Set<string>();
  return combinations.map((point) => {
    const stem = point
      .map(({ name, value }) => `${name}=${String(value).replace(/[^\w.+-]+/g, '_')}`)
      .join(',')
      .slice(0, longestName);
    let name = stem;
    for (let n = 2; taken.has(name); n++) name = `${stem}-${n}`;
    taken.add(name);
    return { name, settings: Object.fromEntries(point.map(({ name: setting, value }) => [setting, value])) as SettingFlags };
  });
}
