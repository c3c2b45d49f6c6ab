import { InvalidArgumentError } from 'commander';
import { fail, nearest } from '../../core/index.js';
import { flagOf, type SettingName, settingTable } from './setting-table.js';
import type { SettingFlags } from './settings.js';

/** One setting and the values to try. */
export interface SweepAxis {
  readonly name: SettingName;
  readonly values: readonly (string | number)[];
}

/** One run of a sweep. */
export interface SweepPoint {
  /** `lr=0.001,width=64`: names the run's folder. */
  readonly name: string;
  readonly settings: SettingFlags;
}

/**
 * Reads `NAME=VALUE,VALUE…` lists; names as flags or as config keys.
 * @throws name, value: an unknown setting, no values, a value out of range, the same setting twice
 */
export function parseSweep(texts: readonly string[], where = '--sweep'): SweepAxis[] {
  const axes = texts.map((text): SweepAxis => {
    const [key = '', list = ''] = split(text);
    const name = key.replace(/^-+/, '').replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
    const spec = Object.hasOwn(settingTable, name) ? settingTable[name as SettingName] : undefined;
    if (spec === undefined || spec.kind === 'switch') {
      const known = Object.entries(settingTable).flatMap(([n, { kind }]) => (kind === 'switch' ? [] : [n]));
      throw fail('name', {
        where,
        rule: 'a setting with values, such as lr=1e-3,3e-3',
        got: JSON.stringify(text),
        fix: `Nearest: ${nearest(name, known, 1)}`,
      });
    }
    const values = list.split(',').filter((v) => v !== '');
    if (values.length === 0) throw fail('value', { where, rule: 'values to try, such as lr=1e-3,3e-3', got: JSON.stringify(text) });
    return {
      name: name as SettingName,
      values: [...new Set(values.map((value) => parsed(spec.parse, value, name as SettingName, where)))],
    };
  });
  const twice = axes.find((axis, i) => axes.findIndex((a) => a.name === axis.name) !== i);
  if (twice) throw fail('value', { where, rule: 'each setting once', got: `${twice.name} twice`, fix: 'Put all its values in one list' });
  return axes;
}

function split(text: string): string[] {
  const at = text.indexOf('=');
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}

function parsed(parse: (text: string) => string | number, value: string, name: SettingName, where: string): string | number {
  try {
    return parse(value);
  } catch (error) {
    if (!(error instanceof InvalidArgumentError)) throw error;
    throw fail('value', { where, rule: `${flagOf(name)}: ${error.message.replace(/^It takes /, '').replace(/\.$/, '')}`, got: value });
  }
}

/** Every combination, the last setting varying fastest. */
export function gridOf(axes: readonly SweepAxis[]): SweepPoint[] {
  const combinations = axes.reduce<{ name: SettingName; value: string | number }[][]>(
    (grid, { name, values }) => grid.flatMap((point) => values.map((value) => [...point, { name, value }])),
    [[]],
  );
  return combinations.map((point) => ({
    name: point.map(({ name, value }) => `${name}=${String(value).replace(/[^\w.+-]+/g, '_')}`).join(','),
    settings: Object.fromEntries(point.map(({ name, value }) => [name, value])) as SettingFlags,
  }));
}
