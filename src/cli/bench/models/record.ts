import { files } from '#files';
import { fail } from '../../../core/index.js';
import type { ComparisonRow } from './compare.js';
import type { RateRow } from './rates.js';
import type { ComparisonSize } from './sizes.js';
import type { StepTime } from './step-times.js';

/** What decides a comparison's figures: two of different settings are not to be mixed in a file. */
export interface ComparisonSettings {
  readonly size: ComparisonSize;
  readonly steps: number;
}

/** A comparison, as far as it has come: what `--json` prints and `--out` keeps. */
export interface ComparisonRecord {
  readonly bench: 'models';
  readonly settings: ComparisonSettings;
  readonly rates: readonly RateRow[];
  readonly rows: readonly ComparisonRow[];
  readonly times: readonly StepTime[];
}

/** A comparison of which nothing is known yet. */
export function newComparison(settings: ComparisonSettings): ComparisonRecord {
  return { bench: 'models', settings, rates: [], rows: [], times: [] };
}

/** What a file has of a comparison; nothing yet where there is no file. @throws value: other settings; file: another thing */
export async function readComparison(path: string, settings: ComparisonSettings): Promise<ComparisonRecord> {
  if ((await files.stat(path)).kind === 'missing') return newComparison(settings);
  const found = parsed(await files.readText(path));
  const fix = 'Choose another file for --out';
  if (found === undefined) throw fail('file', { where: path, rule: 'what `bench models --out` wrote', got: 'another thing', fix });
  if (JSON.stringify(found.settings) === JSON.stringify(settings)) return found;
  const got = JSON.stringify(found.settings);
  throw fail('value', { where: path, rule: `a comparison of these settings, ${JSON.stringify(settings)}`, got, fix });
}

function parsed(text: string): ComparisonRecord | undefined {
  try {
    const found = JSON.parse(text) as Partial<ComparisonRecord>;
    const lists = [found.rates, found.rows, found.times];
    return found.bench === 'models' && lists.every(Array.isArray) ? (found as ComparisonRecord) : undefined;
  } catch {
    return undefined;
  }
}

export function writeComparison(path: string, record: ComparisonRecord): Promise<void> {
  return files.writeAtomic(path, `${JSON.stringify(record)}\n`);
}
