import { describe, expect, it } from 'vitest';
import { readMutants } from './hostile-files.js';

describe('500 damaged files of each of eight kinds', () => {
  it('are read or refused in one line: no crash, no hang, no memory beyond a small multiple of the file', async () => {
    for (const [name, { refused, slowest, mostBytes }] of await readMutants(500)) {
      expect(refused, name).toBeGreaterThan(200);
      expect(slowest, name).toBeLessThan(5000);
      expect(mostBytes, name).toBeGreaterThan(0);
      expect(mostBytes, name).toBeLessThan(32);
    }
  });
});
