import { expect, it } from 'vitest';
import { readMutants } from '../checkpoints/hostile-files.js';

it('160,000 damaged safetensors, GGUF, .bin and index files, two kinds of them in place too, are read or refused in one line', async () => {
  let tried = 0;
  for (const [name, outcome] of await readMutants(20_000, 1_000_000)) {
    console.log(name, outcome);
    tried += outcome.tried;
    expect(outcome.slowest, name).toBeLessThan(5000);
    expect(outcome.mostBytes, name).toBeLessThan(32);
  }
  expect(tried).toBeGreaterThanOrEqual(100_000);
});
