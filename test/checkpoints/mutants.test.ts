import { describe, expect, it } from 'vitest';
import { readMutants } from './hostile-files.js';

describe('a thousand damaged files of each kind', () => {
  it('are read or refused in one line: no crash, no hang, no memory beyond a small multiple of the file', async () => {
    for (const [name, { refused, slowest, mostBytes }] of await readMutants(1000)) {
      expect(refused, name).toBeGreaterThan(300);
      expect(slowest, name).toBeLessThan(5000);
      expect(mostBytes, name).toBeLessThan(64);
    }
  });
});
