import { createHash } from 'node:crypto';
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { generateStories } from '#dist/datasets/index.js';
import { temporaryFolder, tiny, within } from './command.js';

const here = temporaryFolder();
const at = (...parts: string[]) => join(here, ...parts);
const flags = [...tiny, '--dropout', '0.1', '--steps', '4', '--eval-every', '2', '--keep-every', '2', '--no-watch', '--threads', '1'];

interface RunRecord {
  settings: Record<string, unknown>;
}
const recordOf = (run: string) => JSON.parse(readFileSync(at(run, 'trainer.json'), 'utf8')) as RunRecord;
/** A hash of the weights. */
const weightsOf = (run: string): string =>
  createHash('sha256')
    .update(readFileSync(at(run, 'model.safetensors')))
    .digest('hex');

beforeAll(async () => {
  writeFileSync(at('text.txt'), generateStories({ seed: 3, characters: 4000 }));
  for (const [name, ...more] of [['plain'], ['whole', '--lanes', '1'], ['halves', '--lanes', '2']] as string[][]) {
    const { code, err } = await within('train', at('text.txt'), ...flags, ...more, '--out', at(name as string));
    expect(code, err).toBe(0);
  }
});

test('--lanes says whether passes go whole; by default model and batch decide', () => {
  // Four rows of sixteen tokens are too few for lanes; in two, dropout is drawn for each.
  expect(weightsOf('whole')).toBe(weightsOf('plain'));
  expect(weightsOf('halves')).not.toBe(weightsOf('plain'));
});

describe('a run keeps what was said', () => {
  test('among its settings', () => {
    expect(['plain', 'whole', 'halves'].map((run) => recordOf(run).settings.lanes)).toEqual([0, 1, 2]);
  });

  test('and goes on with it', async () => {
    const { code, err } = await within('train', '--resume', at('halves/checkpoints/step-2'), '--out', at('again'), '--threads', '1');
    expect(code, err).toBe(0);
    expect(weightsOf('again')).toBe(weightsOf('halves'));
    const other = await within('train', '--resume', at('halves/checkpoints/step-2'), '--lanes', '1', '--out', at('never'));
    expect(other.code).toBe(2);
    expect(other.err).toContain('a run goes on with its own settings; got --lanes 1 (the run has 2).');
  });

  test('a run that was begun before there was such a setting goes on as it did', async () => {
    cpSync(at('plain/checkpoints/step-2'), at('old'), { recursive: true });
    const record = recordOf('old');
    delete record.settings.lanes;
    writeFileSync(at('old/trainer.json'), JSON.stringify(record));
    const { code, err } = await within('train', '--resume', at('old'), '--threads', '1');
    expect(code, err).toBe(0);
    expect(weightsOf('old')).toBe(weightsOf('plain'));
    expect(recordOf('old').settings.lanes).toBe(0);
  });

  test('a config file says it, and a sweep varies it', async () => {
    const values = { data: at('text.txt'), layers: 1, heads: 2, width: 16, context: 16, batch: 4, steps: 1, out: at('swept') };
    writeFileSync(at('config.json'), JSON.stringify({ ...values, sweep: { lanes: [1, 2] } }));
    const { code, err } = await within('train', '--config', at('config.json'));
    expect(code, err).toBe(0);
    expect(['lanes=1', 'lanes=2'].map((run) => recordOf(`swept/${run}`).settings.lanes)).toEqual([1, 2]);
  });
});
