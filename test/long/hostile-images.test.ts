import { expect, it } from 'vitest';
import { readDamagedImages } from '../datasets/images/hostile-images.js';

it('20,000 damaged PNG and JPEG files are read or refused in one line', async () => {
  let tried = 0;
  for (const [name, outcome] of await readDamagedImages(10_000)) {
    console.log(name, outcome);
    tried += outcome.tried;
    expect(outcome.slowest, name).toBeLessThan(5000);
    expect(outcome.mostBytes, name).toBeLessThan(name === 'png' ? 50 : 300);
  }
  expect(tried).toBe(20_000);
});
