import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { guarded } from '../fixtures/speed/programs.mjs';
import { mostRatio, raceRatio, ratioToFrozen } from '../support/program-race.js';

const frozen = (file: string): Uint8Array => gunzipSync(readFileSync(new URL(`../fixtures/speed/${file}.onnx.gz`, import.meta.url)));

test.each(Object.entries(guarded))(
  'no slower than the frozen program by more than a quarter: %s',
  async (_, { file, make, sizes, rounds }) => {
    expect(await ratioToFrozen(make(), frozen(file), rounds, sizes)).toBeLessThanOrEqual(mostRatio);
  },
);

test.each(Object.entries(guarded))('twice the work is caught: %s', async (_, { file, make, sizes, rounds }) => {
  // On a crowded machine the frozen side may have had no quiet run: three tries, each longer, as the guard has.
  const tries: number[] = [];
  for (const times of [1, 2, 4]) {
    tries.push(await raceRatio(make(2), frozen(file), times * rounds, sizes));
    if ((tries.at(-1) as number) > mostRatio) break;
  }
  expect(tries.at(-1)).toBeGreaterThan(mostRatio);
});
