import { files } from '#files';
import { fail } from '../../core/index.js';
import type { SettingFlags } from './settings.js';
import type { SweepAxis } from './sweep-axes.js';
import type { SweepResult } from './sweep-result.js';

const sweepFile = 'sweep.json';

/** What `sweep.json` keeps: the question, and the answers so far, by run. */
export interface SweepRecord {
  readonly data: readonly string[];
  readonly settings: SettingFlags;
  readonly axes: readonly SweepAxis[];
  readonly finished: Record<string, SweepResult>;
}

/** Whether a folder is a sweep's. */
export async function isSweep(folder: string): Promise<boolean> {
  return (await files.stat(files.join(folder, sweepFile))).kind === 'file';
}

export async function readSweep(folder: string): Promise<SweepRecord> {
  const path = files.join(folder, sweepFile);
  const record = parsed(await files.readText(path));
  if (record !== undefined) return record;
  throw fail('checkpoint', { where: path, rule: "a sweep's record", got: 'another thing', fix: 'Start the sweep again in a new folder' });
}

function parsed(text: string): SweepRecord | undefined {
  try {
    const { data, settings, axes, finished } = JSON.parse(text) as Partial<SweepRecord>;
    const isWhole = Array.isArray(data) && Array.isArray(axes) && typeof settings === 'object' && typeof finished === 'object';
    return isWhole ? (JSON.parse(text) as SweepRecord) : undefined;
  } catch {
    return undefined;
  }
}

export function writeSweep(folder: string, record: SweepRecord): Promise<void> {
  return files.writeAtomic(files.join(folder, sweepFile), `${JSON.stringify(record, null, 2)}\n`);
}
