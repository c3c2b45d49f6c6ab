import { files } from '#files';
import { fail } from '../core/index.js';
import { readJson } from './config.js';
import { generationFile } from './end-tokens.js';

/** How a checkpoint wants its tokens chosen, under the names of `SamplingOptions`. */
export interface SamplingDefaults {
  /** 0 where the checkpoint says `do_sample: false`. */
  readonly temperature?: number;
  readonly topK?: number;
  readonly topP?: number;
  readonly minP?: number;
  readonly typicalP?: number;
  readonly repetitionPenalty?: number;
  readonly noRepeatNgram?: number;
}

interface Setting {
  readonly option: keyof SamplingDefaults;
  readonly rule: string;
  readonly holds: (value: number) => boolean;
  /** What switches it off. */
  readonly off?: number;
  /** Whether it holds for greedy choices too. */
  readonly penalty?: boolean;
}

const whole = (value: number): boolean => Number.isInteger(value) && value >= 1;
const share = (value: number): boolean => value > 0 && value <= 1;
const settings: Readonly<Record<string, Setting>> = {
  temperature: { option: 'temperature', rule: 'a number from 0', holds: (t) => t >= 0 },
  top_k: { option: 'topK', rule: 'a whole number from 0', holds: whole, off: 0 },
  top_p: { option: 'topP', rule: 'above 0 and at most 1', holds: share },
  min_p: { option: 'minP', rule: 'from 0 to 1', holds: (p) => p >= 0 && p <= 1 },
  typical_p: { option: 'typicalP', rule: 'above 0 and at most 1', holds: share },
  repetition_penalty: { option: 'repetitionPenalty', rule: 'a number above 0', holds: (x) => x > 0, penalty: true },
  no_repeat_ngram_size: { option: 'noRepeatNgram', rule: 'a whole number from 0', holds: whole, off: 0, penalty: true },
};

/**
 * What `generation_config.json` of a checkpoint folder says of choosing tokens, as Python's transformers read it; nothing
 * where there is no such file. Under `do_sample: false` the choice is greedy, and only penalties count.
 * @throws `file` for a damaged file; `checkpoint` for values that cannot be
 */
export async function samplingDefaults(path: string): Promise<SamplingDefaults> {
  const where = files.join(path, generationFile);
  if ((await files.stat(where)).kind !== 'file') return {};
  const values = await readJson(where);
  const greedy = values.do_sample === false;
  const found: [string, number][] = greedy ? [['temperature', 0]] : [];
  for (const [name, { option, rule, holds, off, penalty }] of Object.entries(settings)) {
    const value = values[name] ?? undefined;
    if (value === undefined || value === off || (greedy && !penalty)) continue;
    if (typeof value === 'number' && Number.isFinite(value) && holds(value)) found.push([option, value]);
    else
      throw fail('checkpoint', { where, rule: `"${name}" is ${rule}`, got: JSON.stringify(value).slice(0, 80), fix: 'Correct the file' });
  }
  return Object.fromEntries(found);
}
