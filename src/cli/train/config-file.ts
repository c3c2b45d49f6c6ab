import { InvalidArgumentError } from 'commander';
import { files } from '#files';
import { fail, nearest } from '../../core/index.js';
import { wholeNumber } from '../options.js';
import { complaint, oneOf, type SettingSpec, settingTable, trueOrFalse } from './setting-table.js';
import type { RunFlags, SettingFlags } from './settings.js';
import { axisOf, type SettingValue, type SweepAxis, settingNamed } from './sweep-axes.js';

type Rule = Pick<SettingSpec, 'kind' | 'parse'>;

const text: Rule = { kind: 'text', parse: (value) => value };
const truth: Rule = { kind: 'switch', parse: trueOrFalse };

/** What a config file may say besides settings, `data` and `sweep`: where results lie, and how to run. */
const runRules: Readonly<Record<keyof RunFlags, Rule>> = {
  out: text,
  resume: text,
  cache: text,
  check: truth,
  dumpOnnx: text,
  device: { kind: 'text', parse: oneOf(['cpu', 'webgpu']) },
  threads: { kind: 'number', parse: wholeNumber(0, 1024) },
  json: truth,
};

export interface ConfigFile {
  readonly data?: readonly string[];
  readonly settings: SettingFlags;
  readonly run: RunFlags;
  readonly sweep?: readonly SweepAxis[];
}

/**
 * Reads a JSON file that stands for flags: an object whose keys are the flags' names in camelCase (`evalEvery` for
 * `--eval-every`, `"bias": false` for `--no-bias`), as `trainer.json` has them; `data`, a path or a list of them, as the
 * command line would name them; and `sweep`, an object of lists.
 *
 * @throws file, name, value: no such file, not JSON, an unknown key (with the nearest), a value of the wrong type or range
 */
export async function readConfigFile(path: string): Promise<ConfigFile> {
  const values = await readObject(path);
  const settings: Record<string, unknown> = {};
  const run: Record<string, unknown> = {};
  let data: string[] | undefined;
  let sweep: SweepAxis[] | undefined;
  for (const [key, value] of Object.entries(values)) {
    if (Object.hasOwn(settingTable, key)) settings[key] = checked(path, key, settingTable[key as keyof typeof settingTable], value);
    else if (Object.hasOwn(runRules, key)) run[key] = checked(path, key, runRules[key as keyof typeof runRules], value);
    else if (key === 'data') data = dataOf(path, value);
    else if (key === 'sweep') sweep = sweepOf(path, value);
    else throw unknown(path, key);
  }
  return { ...(data && { data }), settings: settings as SettingFlags, run: run as RunFlags, ...(sweep && { sweep }) };
}

async function readObject(path: string): Promise<Record<string, unknown>> {
  const content = await files.readText(path);
  let value: unknown;
  try {
    value = JSON.parse(content);
  } catch (cause) {
    const got = (cause as Error).message.replace(/\s+/g, ' '); // it may quote lines of the file
    throw fail('file', { where: path, rule: 'a JSON file', got, fix: 'Mend it there', cause });
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw fail('file', {
    where: path,
    rule: 'a JSON object of settings, such as {"layers": 6, "evalEvery": 100}',
    got: Array.isArray(value) ? 'a list' : shown(value),
  });
}

function unknown(path: string, key: string): Error {
  const camel = key.replace(/^-+/, '').replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
  const known = [...Object.keys(settingTable), ...Object.keys(runRules), 'data', 'sweep'];
  return fail('name', {
    where: path,
    rule: 'keys that are settings, in camelCase',
    got: JSON.stringify(key),
    fix: `Nearest: ${known.includes(camel) ? camel : nearest(camel, known, 1)}`,
  });
}

function checked(path: string, key: string, { kind, parse }: Rule, value: unknown): SettingValue {
  const wanted = { number: 'number', text: 'string', switch: 'boolean' }[kind];
  if (wanted !== typeof value)
    throw fail('value', { where: path, rule: `"${key}" is a ${wanted}`, got: shown(value), fix: 'Mend it there' });
  try {
    return parse(String(value));
  } catch (error) {
    if (!(error instanceof InvalidArgumentError)) throw error;
    const { rule, fix = 'Mend it there' } = complaint(error);
    throw fail('value', { where: path, rule: `"${key}" is ${rule}`, got: shown(value), fix });
  }
}

function dataOf(path: string, value: unknown): string[] {
  const paths = typeof value === 'string' ? [value] : value;
  if (Array.isArray(paths) && paths.length > 0 && paths.every((p) => typeof p === 'string')) return paths as string[];
  throw fail('value', { where: path, rule: '"data" is a path or a list of paths', got: shown(value), fix: 'Mend it there' });
}

/** `{"lr": [1e-3, 3e-3]}`, each value checked as a setting is. */
function sweepOf(path: string, value: unknown): SweepAxis[] {
  if (typeof value !== 'object' || value === null || !Object.values(value).every(Array.isArray)) {
    throw fail('value', {
      where: path,
      rule: '"sweep" is an object of lists, such as {"lr": [1e-3, 3e-3]}',
      got: shown(value),
      fix: 'Mend it there',
    });
  }
  const where = `${path}, "sweep"`;
  return Object.entries(value as Record<string, unknown[]>).map(([key, list]) => {
    const name = settingNamed(key, where);
    return axisOf(
      name,
      list.map((v) => checked(where, key, settingTable[name], v)),
      where,
    );
  });
}

/** A value as the file has it; a number too large for JSON's own is infinite. */
function shown(value: unknown): string {
  return typeof value === 'number' ? String(value) : JSON.stringify(value);
}
