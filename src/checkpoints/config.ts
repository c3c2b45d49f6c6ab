import { files } from '#files';
import { fail, type HeadlightError } from '../core/index.js';
import { quote } from './quote.js';

export type JsonObject = Readonly<Record<string, unknown>>;

/** A configuration as read, with the path that errors name. */
export interface Config {
  readonly path: string;
  readonly values: JsonObject;
}

/** Far beyond any configuration, far below what overflows a recursive reader's stack. */
const mostLevels = 64;

/**
 * Reads a file that holds one JSON object.
 *
 * @param where what errors call the file
 * @throws `file` when it is missing, no JSON, no object, or nested beyond 64 levels
 */
export async function readJson(path: string, where = path): Promise<JsonObject> {
  return parseJsonObject(await files.readText(path), where);
}

/** The same, of text. */
export function parseJsonObject(text: string, where: string): JsonObject {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw fail('file', { where, rule: 'a file of JSON', got: `text that does not parse, ${quote(text.slice(0, 40))}`, cause: error });
  }
  if (!isObject(value)) {
    throw fail('file', { where, rule: 'a JSON object', got: value === null ? 'null' : Array.isArray(value) ? 'a list' : typeof value });
  }
  let level: unknown[] = [value];
  for (let depth = 1; level.length > 0; depth++) {
    if (depth > mostLevels) throw fail('file', { where, rule: `JSON of at most ${mostLevels} levels`, got: 'more' });
    level = level.flatMap((v) => Object.values(v as object).filter((x) => typeof x === 'object' && x !== null));
  }
  return value;
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** `config.json` of a checkpoint's folder. */
export async function readConfig(folder: string): Promise<Config> {
  const path = files.join(folder, 'config.json');
  return { path, values: await readJson(path) };
}

function wrongField(config: Config, key: string, rule: string): HeadlightError {
  const value = field(config, key, undefined);
  const got = value === undefined ? 'none' : typeof value === 'object' && value !== null ? 'an object or list' : quote(value);
  return fail('checkpoint', { where: config.path, rule: `"${key}" is ${rule}`, got, fix: 'Correct the file' });
}

/** A field's value; a missing field or null is the fallback, where there is one. */
function field(config: Config, key: string, fallback: unknown): unknown {
  const value = Object.hasOwn(config.values, key) ? config.values[key] : undefined;
  return value ?? fallback;
}

/**
 * A whole number of the configuration.
 *
 * @throws `checkpoint`, naming file and key
 */
export function requireInteger(config: Config, key: string, options: { min?: number; max?: number; fallback?: number } = {}): number {
  const { min = 1, max = 2 ** 31 - 1, fallback } = options;
  const value = field(config, key, fallback);
  if (!Number.isInteger(value) || (value as number) < min || (value as number) > max) {
    throw wrongField(config, key, `a whole number from ${min} to ${max}`);
  }
  return value as number;
}

/** A finite number of the configuration. */
export function requireNumber(config: Config, key: string, options: { min?: number; max?: number; fallback?: number } = {}): number {
  const { min = -Number.MAX_VALUE, max = Number.MAX_VALUE, fallback } = options;
  const value = field(config, key, fallback);
  if (typeof value !== 'number' || !(value >= min && value <= max)) {
    const bounds = options.min === undefined && options.max === undefined ? '' : ` from ${min} to ${max}`;
    throw wrongField(config, key, `a number${bounds}`);
  }
  return value;
}

/** True or false. */
export function requireBoolean(config: Config, key: string, options: { fallback?: boolean } = {}): boolean {
  const value = field(config, key, options.fallback);
  if (typeof value !== 'boolean') throw wrongField(config, key, 'true or false');
  return value;
}

/** A string, of a list of allowed ones where there is one. */
export function requireString<T extends string = string>(
  config: Config,
  key: string,
  options: { oneOf?: readonly T[]; fallback?: T } = {},
): T {
  const value = field(config, key, options.fallback);
  const { oneOf } = options;
  if (typeof value !== 'string' || (oneOf !== undefined && !(oneOf as readonly string[]).includes(value))) {
    throw wrongField(config, key, oneOf === undefined ? 'a string' : `one of ${oneOf.map(quote).join(', ')}`);
  }
  return value as T;
}
