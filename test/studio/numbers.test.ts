import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadModel, saveModel } from '#dist/checkpoints/index.js';
import { GPT2 } from '#dist/models/index.js';
import { findChromium } from '../browser/harness.js';
import { changeCases } from './cases/changes.js';
import { compareCases } from './cases/compare.js';
import { imageCases, saveViT } from './cases/images.js';
import { keepCases } from './cases/keep.js';
import { heldOver } from './cases/memory.js';
import { readingCases } from './cases/reading.js';
import { saveReverser, translationCases } from './cases/translation.js';
import { type StudioUnderTest, startStudio, trainedRun } from './studio.js';

/** The run's shape and tokenizer, other weights. */
async function saveOther(folder: string): Promise<void> {
  const { vocabulary } = await loadModel(join(folder, 'run'));
  await saveModel(join(folder, 'other'), new GPT2({ vocabulary, context: 64, layers: 2, heads: 4, width: 32, seed: 9 }));
  for (const file of ['tokenizer.json', 'tokenizer_config.json']) copyFileSync(join(folder, 'run', file), join(folder, 'other', file));
}

describe.skipIf(findChromium() === undefined)(
  'what the studio shows, against what is computed without it (needs Chromium: CHROMIUM_PATH)',
  () => {
    let studio: StudioUnderTest;
    const opened = (): StudioUnderTest => studio;

    beforeAll(async () => {
      studio = await startStudio(async (folder) => {
        await trainedRun(folder);
        await Promise.all([saveOther(folder), saveViT(folder), saveReverser(folder)]);
      });
    }, 120_000);
    afterAll(() => studio?.close());

    describe('a run', () => readingCases(opened));
    describe('two runs', () => compareCases(opened));
    describe('changes', () => changeCases(opened));
    describe('what is kept', () => keepCases(opened));
    describe('images', () => imageCases(opened));
    describe('encoder–decoders', () => translationCases(opened));

    test('memory: fifty edits more leave nothing behind', async () => {
      const [early, late] = await heldOver(studio, [25, 75]);
      expect(late?.heap).toBeLessThan((early?.heap ?? 0) + 2);
      expect(late?.nodes).toBeLessThan((early?.nodes ?? 0) + 200);
      expect(late?.listeners).toBeLessThan((early?.listeners ?? 0) + 50);
    });
  },
);
