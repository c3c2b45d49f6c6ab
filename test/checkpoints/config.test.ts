import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseJsonObject, readConfig, requireBoolean, requireInteger, requireNumber, requireString } from '#dist/checkpoints/index.js';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'headlight-config-'));
});
afterAll(() => rm(folder, { recursive: true }));

describe('reading JSON', () => {
  it('reads an object of a file', async () => {
    await writeFile(join(folder, 'config.json'), '{"n_layer": 2}');
    const config = await readConfig(folder);
    expect(config).toEqual({ path: join(folder, 'config.json'), values: { n_layer: 2 } });
    await expect(readConfig(join(folder, 'none'))).rejects.toMatchObject({ code: 'file' });
  });

  it('refuses everything else in one line', () => {
    const nested = (levels: number): string => `${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`;
    expect(parseJsonObject(nested(64), 'c.json')).toBeTypeOf('object');
    const cases: [string, RegExp][] = [
      ['', /JSON/],
      ['{\n"a": 1,\n}', /does not parse/],
      ['[1]', /an? JSON object; got a list/],
      ['null', /got null/],
      ['3', /got number/],
      [nested(65), /64 levels/],
      [`{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}`, /64 levels/],
    ];
    for (const [text, message] of cases) {
      expect(() => parseJsonObject(text, 'c.json')).toThrow(message);
      expect(() => parseJsonObject(text, 'c.json')).toThrow(/^c\.json: [^\n]*$/);
    }
  });
});

describe('fields', () => {
  const values = { n: 12, big: 1e12, half: 0.5, text: 'gelu', on: true, off: null, list: [1] };
  const config = { path: 'f/config.json', values };

  it('are read as what they must be', () => {
    expect(requireInteger(config, 'n', { max: 12 })).toBe(12);
    expect(requireNumber(config, 'half', { min: 0, max: 1 })).toBe(0.5);
    expect(requireString(config, 'text', { oneOf: ['gelu', 'relu'] })).toBe('gelu');
    expect(requireBoolean(config, 'on')).toBe(true);
  });

  it('fall back where they are missing or null, but not where they are wrong', () => {
    expect(requireInteger(config, 'none', { fallback: 3 })).toBe(3);
    expect(requireBoolean(config, 'off', { fallback: false })).toBe(false);
    expect(() => requireInteger(config, 'text', { fallback: 3 })).toThrow(/"text"/);
    expect(() => requireString(config, 'toString')).toThrow(/got none/);
  });

  it('that are wrong give an error naming file and key', () => {
    const wrong: [() => unknown, RegExp][] = [
      [() => requireInteger(config, 'none'), /^f\/config\.json: "none" is a whole number from 1 to \d+; got none\./],
      [() => requireInteger(config, 'half'), /"half".*got 0\.5/],
      [() => requireInteger(config, 'big'), /"big".*got 1000000000000/],
      [() => requireInteger(config, 'n', { max: 11 }), /from 1 to 11; got 12/],
      [() => requireInteger(config, 'list'), /got an object or list/],
      [() => requireNumber(config, 'n', { max: 1 }), /"n" is a number .*got 12/],
      [() => requireNumber(config, 'text'), /"text" is a number; got "gelu"/],
      [() => requireString(config, 'text', { oneOf: ['silu'] }), /one of "silu"; got "gelu"/],
      [() => requireBoolean(config, 'n'), /true or false; got 12/],
    ];
    for (const [work, message] of wrong) {
      expect(work).toThrow(message);
      expect(work).toThrow(expect.objectContaining({ code: 'checkpoint' }));
    }
  });
});
