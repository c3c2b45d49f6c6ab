import { InvalidArgumentError } from 'commander';
import { files } from '#files';
import { fail, nearest } from '../../core/index.js';
import { wholeNumber } from '../options.js';
import { type SettingName, type SettingSpec, settingTable } from './setting-table.js';
import type { RunFlags, SettingFlags } from './settings.js';
import { parseSweep, type SweepAxis } from './sweep-axes.js';

/** What a config file may say besides settings: where data and results lie, and how to run. */
const others = {
  data: { kind: 'paths', parse: (text: string) => text },
  out: { kind: 'text', parse: (text: string) => text },
  cache: { kind: 'text', parse: (text: string) => text },
  threads: { kind: 'number', parse: wholeNumber(0, 1024) },
  sample: { kind: 'number', parse: wholeNumber(0) },
  watch: { kind: 'switch', parse: (text: string) => text },
  sweep: { kind: 'sweep', parse: (text: string) => text },
} as const;

export interface ConfigFile {
  readonly data?: readonly string[];
  readonly settings: SettingFlags;
  readonly run: Pick<RunFlags, 'out' | 'cache' | 'threads' | 'sample' | 'watch'>;
  readonly sweep?: readonly SweepAxis[];
}

/**
 * Reads a JSON file that stands for flags: an object whose keys are the flags' names in camelCase (`evalEvery` for
 * `--eval-every`), as `trainer.json` has them, and `data`, a path or a list of them.
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
    if (Object.hasOwn(settingTable, key)) settings[key] = checked(path, key, settingTable[key as SettingName], value);
    else if (key === 'data') data = dataOf(path, value);
    else if (key === 'sweep') sweep = sweepOf(path, value);
    else if (Object.hasOwn(others, key)) run[key] = checked(path, key, others[key as keyof typeof others] as Checked, value);
    else throw unknown(path, key);
  }
  return { ...(data && { data }), settings: settings as SettingFlags, run: run as ConfigFile['run'], ...(sweep && { sweep }) };
}

async function readObject(path: string): Promise<Record<string, unknown>> {
  const text = await files.readText(path);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw fail('file', { where: path, rule: 'a JSON file', got: (cause as Error).message, fix: 'Mend it there', cause });
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw fail('file', { where: path, rule: 'a JSON object of settings', got: Array.isArray(value) ? 'a list' : JSON.stringify(value) });
}

function unknown(path: string, key: string): Error {
  const camel = key.replace(/^-+/, '').replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
  const known = [...Object.keys(settingTable), ...Object.keys(others)];
  return fail('name', {
    where: path,
    rule: 'keys that are settings',
    got: JSON.stringify(key),
    fix: `Nearest: ${known.includes(camel) ? camel : nearest(camel, known, 1)}`,
  });
}

type Checked = Pick<SettingSpec, 'kind' | 'parse'>;

function checked(path: string, key: string, { kind, parse }: Checked, value: unknown): unknown {
  const wanted = { number: 'number', text: 'string', switch: 'boolean' }[kind];
  if (typeof value !== wanted) {
    throw fail('value', { where: path, rule: `"${key}" is a ${wanted}`, got: JSON.stringify(value), fix: 'Mend it there' });
  }
  if (kind === 'switch') return value;
  try {
    return parse(String(value));
  } catch (error) {
    if (!(error instanceof InvalidArgumentError)) throw error;
    const rule = error.message.replace(/^It takes /, '').replace(/\.$/, '');
    throw fail('value', { where: path, rule: `"${key}" is ${rule}`, got: JSON.stringify(value), fix: 'Mend it there' });
  }
}

function dataOf(path: string, value: unknown): string[] {
  const paths = typeof value === 'string' ? [value] : value;
  if (Array.isArray(paths) && paths.length > 0 && paths.every((p) => typeof p === 'string')) return paths as string[];
  throw fail('value', { where: path, rule: '"data" is a path or a list of paths', got: JSON.stringify(value) });
}

/** `{"lr": [1e-3, 3e-3]}`, checked as the flag is. */
function sweepOf(path: string, value: unknown): SweepAxis[] {
  const isLists = typeof value === 'object' && value !== null && Object.values(value).every(Array.isArray);
  if (!isLists)
    throw fail('value', { where: path, rule: '"sweep" is an object of lists, such as {"lr": [1e-3, 3e-3]}', got: JSON.stringify(value) });
  return parseSweep(
    Object.entries(value as Record<string, unknown[]>).map(([key, list]) => `${key}=${list.join(',')}`),
    `${path}, sweep`,
  );
}
