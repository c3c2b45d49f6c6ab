import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { generateStories } from '#dist/datasets/index.js';
import { temporaryFolder } from './command.js';
import { killOften } from './kills.js';

const here = temporaryFolder();

// test/long/kill.test.ts does it 50 times.
test('kill -9 at five random moments: every folder opens, and the run ends as the uninterrupted one, to the bit', async () => {
  writeFileSync(join(here, 'text.txt'), generateStories({ seed: 3, characters: 6000 }));
  expect((await killOften(here, 'text.txt', 5)).kills).toBe(5);
}, 180_000);
