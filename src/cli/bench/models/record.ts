import { files } from '#files';
import { fail } from '../../../core/index.js';
import type { ComparisonRow, ComparisonSize } from './compare.js';
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
  readonly rows: readonly ComparisonRow[];
  readonly times: readonly StepTime[];
}

/** What a file has of a comparison; nothing yet where there is no file. @throws value: other settings; file: another thing */
export async function readComparison(path: string, settings: ComparisonSettings): Promise<ComparisonRecord> {
  const none: ComparisonRecord = { bench: 'models', settings, rows: [], times: [] };
  if ((await files.stat(path)).kind === 'missing') return none;
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
    return found.bench === 'models' && Array.isArray(found.rows) && Array.isArray(found.times) ? (found as ComparisonRecord) : undefined;
  } catch {
    return undefined;
  }
}

export function writeComparison(path: string, record: ComparisonRecord): Promise<void> {
  return files.writeAtomic(path, `${JSON.stringify(record)}\n`);
}
