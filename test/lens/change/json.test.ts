import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { host } from '#dist/core/index.js';
import {
  add,
  cut,
  interventionsFromJson,
  interventionsToJson,
  lens,
  mean,
  readInterventions,
  replace,
  saveInterventions,
  scale,
  value,
  zero,
} from '#dist/lens/index.js';
import { GPT2, Llama } from '#dist/models/index.js';
import { enlarged, ids, sameBits, sizes, smallGPT2 } from '../models.js';

const site = 'blocks.1.attention.mixed';
const view = lens(smallGPT2());
let folder = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'headlight-lens-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function everyKind() {
  return view.with([
    zero(site, { heads: [1], name: 'without head 1' }),
    scale('blocks.0.mlp.post', 0.5, { neurons: [3] }),
    add('blocks.0.residual.post[:, -1]', host(Array.from({ length: 8 }, (_, i) => Math.fround(Math.sin(i)))), 4),
    cut('*attention.pattern', [[3, 1]], { heads: [0], renormalise: true }),
    value('final_norm[:, 0]', host([0.1, -0, 3e-40, 1e38, 1, 2, 3, 4])),
    await mean(view, site, [ids], { heads: [0] }),
  ]);
}

describe('interventions as JSON', () => {
  test.each(['inline', 'beside'] as const)('replay bit for bit from a file, arrays %s', async (arrays) => {
    const changed = await everyKind();
    const path = join(folder, `${arrays}.json`);
    await saveInterventions(path, changed, { arrays });
    // A model of its own, as another process would have.
    const other = lens(smallGPT2());
    const replayed = other.with(await readInterventions(path, other));
    expect(replayed.interventions).toEqual(changed.interventions);
    const [a, b] = [await changed.capture(ids, 'logits'), await replayed.capture(ids, 'logits')];
    expect(sameBits(a.logits, b.logits)).toBe(true);
    expect(sameBits(a.logits, (await view.capture(ids, 'logits')).logits)).toBe(false);
    await other.dispose();
  });

  test('a function has none', async () => {
    const changed = view.with(replace(site, (x) => x.mul(2), { name: 'twice' }));
    await expect(saveInterventions(join(folder, 'f.json'), changed)).rejects.toThrow(
      /^twice: interventions that are data, to be saved; got a function/,
    );
    await expect(readFile(join(folder, 'f.json'))).rejects.toThrow(/ENOENT/);
  });

  test('of another architecture is refused', async () => {
    const json = interventionsToJson(await everyKind());
    const wider = lens(enlarged(new GPT2({ ...sizes, heads: 4 })));
    expect(() => interventionsFromJson(wider, json, 'x.json')).toThrow(
      /x\.json: a model with the site blocks\.1\.attention\.mixed of \[B,T,2,4\].*got \[B,T,4,2\]/,
    );
    const shallow = lens(enlarged(new Llama({ ...sizes, layers: 1 })));
    expect(() => interventionsFromJson(shallow, json, 'x.json')).toThrow(/got a model without it/);
  });

  const good = { format: 'headlight-interventions', version: 1, sites: {}, interventions: [] as unknown[] };
  const entry = (fields: object) => ({ ...good, interventions: [{ kind: 'zero', at: site, ...fields }] });
  test.each([
    [null, /x: an object; got null/],
    [[], /x: an object/],
    [{ ...good, format: 'other' }, /format headlight-interventions/],
    [{ ...good, version: 2 }, /version 1/],
    [{ ...good, interventions: 3 }, /x\.interventions: a list; got 3/],
    [{ ...good, interventions: [3] }, /x, interventions\[0\]: an object; got 3/],
    [entry({ kind: 'function' }), /a kind of zero, mean, .*got "function"/],
    [entry({ kind: 'zeros' }), /Nearest: zero/],
    [entry({ kind: '__proto__' }), /a kind of/],
    [entry({ at: 3 }), /\.at: text; got 3/],
    [entry({ at: 'nothing.here' }), /globs that each match/],
    [entry({ heads: ['1'] }), /\.heads: a list of whole numbers/],
    [entry({ heads: [99] }), /heads: a place from -2 to 1/],
    [entry({ kind: 'scale' }), /\.factor: a number; got nothing/],
    [entry({ kind: 'value', value: { shape: [2], float32: 'AAAA' } }), /8 bytes of an array \[2\]; got 3/],
    [entry({ kind: 'value', value: { shape: [1e9, 1e9], float32: '' } }), /bytes of an array/],
    [entry({ kind: 'value', value: { shape: [1], float32: '*' } }), /base64 of float32 numbers/],
    [entry({ kind: 'value', value: { shape: [-1], float32: '' } }), /an array: \{ shape, float32 \}/],
    [entry({ kind: 'value', value: { tensor: 'array.0' } }), /a tensor of the file beside/],
    [entry({ kind: 'cut', edges: [[1]], renormalise: false }), /\.edges: a list of pairs/],
  ])('%j is refused', (json, message) => {
    expect(() => interventionsFromJson(view, json, 'x')).toThrow(message);
  });

  test('text that is no JSON is refused', async () => {
    const path = join(folder, 'bad.json');
    await writeFile(path, '{');
    await expect(readInterventions(path, view)).rejects.toThrow(/bad\.json: JSON of interventions/);
  });
});
