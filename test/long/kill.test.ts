import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { generateStories } from '#dist/datasets/index.js';
import { killOften } from '../cli/kills.js';

test('kill -9 at 50 random moments: every folder opens, and each run ends as the uninterrupted one, to the bit', async () => {
  const here = mkdtempSync(join(tmpdir(), 'headlight-kill-'));
  try {
    writeFileSync(join(here, 'text.txt'), generateStories({ seed: 3, characters: 6000 }));
    const { kills, inSaves, beforeFolder, runs } = await killOften(here, 'text.txt', 50);
    console.log(`${kills} kills over ${runs} runs: ${inSaves} hit a save, ${beforeFolder} came before there was a folder`);
    expect(kills).toBe(50);
    expect(inSaves).toBeGreaterThan(0);
  } finally {
    rmSync(here, { recursive: true, force: true });
  }
});
