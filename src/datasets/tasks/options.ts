import { fail, nearest } from '../../core/index.js';

/** A whole number from `min` to `max`. */
export interface IntegerOption {
  readonly kind: 'integer';
  readonly doc: string;
  readonly default: number;
  readonly min: number;
  readonly max: number;
}

/** A number strictly between 0 and 1. */
export interface ShareOption {
  readonly kind: 'share';
  readonly doc: string;
  readonly default: number;
}

/** One of some words; `aliases` are other spellings of them. */
export interface ChoiceOption {
  readonly kind: 'choice';
  readonly doc: string;
  readonly default: string;
  readonly choices: readonly string[];
  readonly aliases?: Readonly<Record<string, string>>;
}

/** true or false. */
export interface SwitchOption {
  readonly kind: 'switch';
  readonly doc: string;
  readonly default: boolean;
}

/** An option of a task as data: its kind, its default, its range, one line about it. */
export type TaskOption = IntegerOption | ShareOption | ChoiceOption | SwitchOption;
export type TaskOptions = Readonly<Record<string, TaskOption>>;
export type TaskSetting = number | string | boolean;

/** The settings that options make: numbers, one of the choices, true or false. */
export type SettingsOf<O extends TaskOptions> = {
  readonly [N in keyof O]: O[N] extends { kind: 'choice'; choices: readonly (infer C)[] }
    ? C
    : O[N] extends { kind: 'switch' }
      ? boolean
      : number;
};

/** What an option takes, in words, for help texts and errors. */
export function rangeOf(option: TaskOption): string {
  switch (option.kind) {
    case 'integer':
      return `a whole number from ${option.min} to ${option.max}`;
    case 'share':
      return 'a number between 0 and 1';
    case 'choice':
      return `one of ${option.choices.join(' ')}`;
    case 'switch':
      return 'true or false';
  }
}

/**
 * The settings of a task: what was given, checked, and defaults for the rest. Values may be text, as flags give it.
 *
 * @throws name: an option that the task does not have; value: a setting outside its range
 */
export function readSettings(task: string, options: TaskOptions, given: Readonly<Record<string, unknown>>): Record<string, TaskSetting> {
  for (const name of Object.keys(given)) if (!Object.hasOwn(options, name)) throw unknownOption(task, options, name);
  return Object.fromEntries(
    Object.entries(options).map(([name, option]) => {
      const value = given[name];
      return [name, value === undefined ? option.default : readSetting(task, name, option, value)];
    }),
  );
}

function unknownOption(task: string, options: TaskOptions, name: string): Error {
  const known = Object.entries(options).map(([n, option]) => `${n} (${rangeOf(option)})`);
  return fail('name', {
    where: `task ${task}`,
    rule: `options are ${known.join(', ')}`,
    got: JSON.stringify(name),
    fix: `Did you mean ${nearest(name, Object.keys(options), 1)[0]}?`,
  });
}

function readSetting(task: string, name: string, option: TaskOption, given: unknown): TaskSetting {
  const value = parseSetting(option, typeof given === 'string' ? given.trim() : given);
  if (value !== undefined) return value;
  const near = option.kind === 'choice' && typeof given === 'string' ? ` Did you mean ${nearest(given, option.choices, 1)[0]}?` : '';
  throw fail('value', {
    where: `task ${task}`,
    rule: `${name} is ${rangeOf(option)}`,
    got: String(given) === '' ? 'nothing' : String(given),
    fix: `Its default is ${name}=${option.default}.${near}`,
  });
}

/** The value that an option makes of what was given; undefined where it is out of range or of another kind. */
function parseSetting(option: TaskOption, given: unknown): TaskSetting | undefined {
  if (option.kind === 'switch') {
    if (typeof given === 'boolean') return given;
    return given === 'true' ? true : given === 'false' ? false : undefined;
  }
  if (option.kind === 'choice') {
    if (typeof given !== 'string') return undefined;
    const choice = option.aliases !== undefined && Object.hasOwn(option.aliases, given) ? option.aliases[given] : given;
    return choice !== undefined && option.choices.includes(choice) ? choice : undefined;
  }
  // Number('') is 0 and Number('0x10') is 16: only decimal numbers are meant.
  const number = typeof given === 'string' && /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(given) ? Number(given) : given;
  if (typeof number !== 'number') return undefined;
  const fits =
    option.kind === 'share' ? number > 0 && number < 1 : Number.isInteger(number) && number >= option.min && number <= option.max;
  return fits ? number : undefined;
}
