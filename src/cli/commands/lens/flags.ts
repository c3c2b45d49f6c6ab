import { type Command, InvalidArgumentError, Option } from 'commander';
import type { SweepLimit } from '../../../lens/index.js';
import { type EngineFlags, engineOptions, jsonOption, wholeNumber } from '../../options.js';

/** What a tool of the lens runs on, and the other prompt where there are two. */
export interface PromptFlags {
  readonly text?: string;
  readonly ids?: string;
  readonly image?: string;
  readonly other?: string;
  readonly otherIds?: string;
  readonly otherImage?: string;
}

/** What a run is judged by. */
export interface MetricFlags {
  readonly metric?: string;
  readonly token?: string;
  readonly against?: string;
  readonly position?: number;
  readonly from?: number;
  readonly of?: string;
}

/** Where something is changed. */
export interface PlaceFlags {
  readonly at: string;
  readonly heads?: readonly number[];
  readonly positions?: readonly number[];
  readonly keys?: readonly number[];
  readonly neurons?: readonly number[];
  readonly channels?: readonly number[];
}

export interface LensFlags extends PromptFlags, EngineFlags {
  /** A file of interventions. */
  readonly replay?: string;
  readonly json?: boolean;
}

export const metricNames = ['loss', 'logit-difference', 'log-probability', 'probability', 'kl', 'norm'] as const;

/** @param other what the second prompt is, where a tool takes two */
export function promptOptions(command: Command, other?: string): Command {
  command
    .option('--text <text>', other === undefined ? 'what to run on' : 'the first prompt, the clean one')
    .option('--ids <ids>', 'the same as token ids: "1,2,3;4,5,6" is two rows')
    .option('--image <file>', 'the same for a model of images');
  if (other === undefined) return command;
  return command
    .option('--other <text>', other)
    .option('--other-ids <ids>', 'the same as token ids')
    .option('--other-image <file>', 'the same for a model of images');
}

export function metricOptions(command: Command): Command {
  return command
    .addOption(new Option('--metric <name>', 'what is measured; by the tokens given, else loss').choices(metricNames))
    .option('--token <token>', 'of which token, as text or "#id"; of a model of images, a label')
    .option('--against <token>', 'the other token of a logit difference')
    .option('--position <n>', 'where in the text; the last by default, -1', integer)
    .option('--from <n>', 'loss: the first position that counts', wholeNumber(0))
    .option('--of <site>', 'norm: of which site');
}

export function placeOptions(command: Command): Command {
  return command
    .requiredOption('--at <address>', 'where: sites, perhaps with a slice, such as "blocks.1.attention.mixed[:, -1]"')
    .option('--heads <list>', 'of the sites, these heads only: "0,3"', integers)
    .option('--positions <list>', 'these positions only', integers)
    .option('--keys <list>', 'these keys only', integers)
    .option('--neurons <list>', 'these neurons only', integers)
    .option('--channels <list>', 'these channels only', integers);
}

export function lensOptions(command: Command): Command {
  return jsonOption(engineOptions(command.option('--replay <file>', 'change the model first, by a file of interventions')));
}

/** A whole number, perhaps counted from the end. */
export function integer(text: string): number {
  if (!/^-?\d{1,9}$/.test(text.trim())) throw new InvalidArgumentError('It takes a whole number.');
  return Number(text);
}

export function integers(text: string): readonly number[] {
  if (!/^\s*-?\d{1,9}(\s*,\s*-?\d{1,9})*\s*$/.test(text)) throw new InvalidArgumentError('It takes whole numbers, parted by commas.');
  return text.split(',').map(Number);
}

/** `"5:2,7:0"`: edges from queries to keys. */
export function edges(text: string): readonly (readonly [number, number])[] {
  return text.split(',').map((pair) => {
    const found = /^\s*(-?\d{1,9}):(-?\d{1,9})\s*$/.exec(pair);
    if (found === null) throw new InvalidArgumentError('It takes pairs of query and key, such as "5:2,7:0".');
    return [Number(found[1]), Number(found[2])] as const;
  });
}

const units: Readonly<Record<string, number>> = { B: 1, KB: 1e3, MB: 1e6, GB: 1e9 };

/** `"2GB,60s"`: most bytes, most seconds, or both. */
export function limit(text: string): SweepLimit {
  const parts = text.split(',').map((part): SweepLimit => {
    const found = /^\s*(\d+(?:\.\d+)?)\s*(B|KB|MB|GB|s)\s*$/.exec(part);
    if (found === null) throw new InvalidArgumentError('It takes bytes, seconds or both, such as "2GB,60s".');
    const number = Number(found[1]);
    return found[2] === 's' ? { seconds: number } : { bytes: number * (units[found[2] as string] as number) };
  });
  return Object.assign({}, ...parts);
}
