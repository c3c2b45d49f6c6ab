import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { loadModel, readSafetensors } from '#dist/checkpoints/index.js';
import { lens, resample } from '#dist/lens/index.js';
import { fixture } from '../support/arrays.js';
import { temporaryFolder, within } from './command.js';

const gpt2 = fixture('gpt2-tiny');
const clean = '3,14,15,9,26,5,35';
const other = '3,14,44,9,26,50,35';
const folder = temporaryFolder();
const at = (name: string): string => join(folder, name);
const run = (...args: string[]) => within('lens', ...args, '--threads', '1');

describe('headlight lens', () => {
  test('capture writes slices and gradients, and tells what they would be', async () => {
    const sites = 'blocks.0.attention.pattern[0, 1], embed:grad';
    const cost = await run('capture', gpt2, '--ids', clean, '--sites', sites, '--cost', '--json');
    expect(cost.json()).toMatchObject({ bytes: 4 * (49 + 7 * 32) });
    const done = await run('capture', gpt2, '--ids', clean, '--sites', sites, '--token', '#5', '--out', at('seen.safetensors'), '--json');
    expect(done).toMatchObject({ code: 0 });
    expect(done.json()).toMatchObject({ out: at('seen.safetensors'), bytes: 4 * (49 + 7 * 32) });
    const file = await readSafetensors(at('seen.safetensors'));
    const view = lens(await loadModel(gpt2));
    const want = await view.capture([3, 14, 15, 9, 26, 5, 35], sites, { metric: { kind: 'logProbability', token: 5 } });
    for (const name of ['blocks.0.attention.pattern[0, 1]', 'embed:grad'])
      expect((await file.load(name)).toArray()).toEqual(want[name]?.toArray());
    await file.close();
    await view.dispose();
  });

  test('patch and ablate measure, save and replay', async () => {
    const metric = ['--token', '#5', '--against', '#7'];
    const patched = await run(
      'patch',
      gpt2,
      '--ids',
      clean,
      '--other-ids',
      other,
      '--at',
      'blocks.1.attention.mixed',
      '--heads',
      '0,2',
      ...metric,
      '--save',
      at('p.json'),
      '--json',
    );
    expect(patched).toMatchObject({ code: 0 });
    const view = lens(await loadModel(gpt2));
    const [a, b] = [[3, 14, 15, 9, 26, 5, 35], [3, 14, 44, 9, 26, 50, 35]]; // biome-ignore format: prompts
    const changed = view.with(await resample(view, 'blocks.1.attention.mixed', a, { heads: [0, 2] }));
    const of = { kind: 'logitDifference', token: 5, against: 7 } as const;
    const found = patched.json() as { patched: number; corrupted: number; clean: number; restored: number };
    expect(found.patched).toBeCloseTo((await changed.measure(b, of))[0] as number, 5);
    expect(found.restored).toBeCloseTo((found.patched - found.corrupted) / (found.clean - found.corrupted), 5);
    const replayed = await run(
      'capture',
      gpt2,
      '--ids',
      other,
      '--sites',
      'logits[0, -1]',
      '--replay',
      at('p.json'),
      '--out',
      at('replayed.safetensors'),
    );
    expect(replayed.code).toBe(0);
    const file = await readSafetensors(at('replayed.safetensors'));
    const logits = (await file.load('logits[0, -1]')).toArray() as number[];
    await file.close();
    expect((logits[5] as number) - (logits[7] as number)).toBeCloseTo(found.patched, 4);

    const ablated = await run('ablate', gpt2, '--ids', clean, '--at', 'blocks.0.mlp.output', '--json');
    const { before, after, difference } = ablated.json() as Record<string, number>;
    expect(before).toBeCloseTo((await view.measure(a, { kind: 'loss' }))[0] as number, 5);
    expect(difference).toBeCloseTo((after as number) - (before as number), 6);
    const cut = await run(
      'ablate',
      gpt2,
      '--ids',
      clean,
      '--at',
      '*attention.pattern',
      '--edges',
      '5:2,6:0',
      '--renormalise',
      '--save',
      at('cut.json'),
      '--json',
    );
    expect(JSON.parse(readFileSync(at('cut.json'), 'utf8')).interventions).toEqual([{ kind: 'cut', at: '*attention.pattern', edges: [[5, 2], [6, 0]], renormalise: true }]); // biome-ignore format: edges
    expect(cut.code).toBe(0);
    await view.dispose();
  });

  test('sweep labels its results; compare aligns', async () => {
    const common = [
      '--ids',
      clean,
      '--other-ids',
      other,
      '--sites',
      'blocks.*.attention.mixed',
      '--token',
      '#5',
      '--against',
      '#7',
      '--json',
    ];
    const swept = await run('sweep', gpt2, ...common, '--by', 'layer,head,position');
    const result = swept.json() as {
      axes: { name: string }[];
      shape: number[];
      baseline: number;
      restored: unknown;
      cost: { cells: number };
    };
    expect(result.axes.map(({ name }) => name)).toEqual(['layer', 'head', 'position']);
    expect(result.shape).toEqual([3, 4, 7]);
    expect(result.cost.cells).toBe(84);
    for (const kind of ['attribution', 'path']) {
      const more = await run('sweep', gpt2, ...common, '--kind', kind, ...(kind === 'path' ? ['--to', 'final_norm'] : []));
      expect(more, more.err).toMatchObject({ code: 0 });
      expect((more.json() as typeof result).baseline).toBeCloseTo(result.baseline, 5);
    }
    const ablation = await run('sweep', gpt2, '--kind', 'ablation', '--ids', clean, '--sites', 'blocks.*.mlp.output', '--by', 'layer');
    expect(ablation.out.split('\n')[0]).toMatch(/^layer \d: [\d.]+$/);

    const compared = await run(
      'compare',
      gpt2,
      '--ids',
      '3,14,15,9',
      '--other-ids',
      '3,15,9',
      '--sites',
      'blocks.0.residual.post[0, :, 0]',
      '--json',
    );
    expect(compared.json()).toMatchObject({ alignment: { pairs: [[0, 0], [2, 1], [3, 2]], onlyA: [1], onlyB: [] } }); // biome-ignore format: pairs
    const same = await run('compare', gpt2, gpt2, '--ids', clean, '--sites', '*residual.post', '--json');
    expect(Object.values(same.json().largest as object)).toEqual([0, 0, 0]);
  });

  test('models of images too', async () => {
    const vit = at('vit-tiny');
    cpSync(fixture('vit-tiny'), vit, { recursive: true });
    writeFileSync(join(vit, 'preprocessor_config.json'), JSON.stringify({ size: { height: 12, width: 16 } }));
    const image = fixture('images/png-type2-depth8.png');
    const done = await run('ablate', vit, '--image', image, '--at', 'blocks.0.attention.mixed', '--metric', 'kl', '--json');
    expect(done, done.err).toMatchObject({ code: 0 });
    expect((done.json() as { before: number }).before).toBeCloseTo(0, 5);
    expect((done.json() as { after: number }).after).toBeGreaterThan(0);
  });

  test.each([
    [['capture', gpt2, '--ids', clean, '--sites', 'blocks.0.atention.*', '--cost'], /Nearest: blocks\.0\.attention/],
    [['capture', gpt2, '--ids', clean, '--sites', 'embed'], /either --out or --cost; got neither/],
    [
      ['capture', gpt2, '--ids', clean, '--sites', '*', '--out', at('x.safetensors'), '--limit', '1KB'],
      /at most 1000 bytes, the limit; got \d+ bytes/,
    ],
    [['capture', gpt2, '--sites', 'embed', '--cost'], /one of --text, --ids and --image; got none/],
    [['capture', gpt2, '--ids', clean, '--text', 'a', '--sites', 'embed', '--cost'], /one of --text, --ids, --image; got 2 of them/],
    [['patch', gpt2, '--ids', clean, '--at', 'embed'], /two prompts; got one/],
    [['patch', gpt2, '--ids', clean, '--other-ids', '1,2', '--at', 'embed'], /at embed: a value that broadcasts to/],
    [['ablate', gpt2, '--ids', clean, '--at', 'blocks.0.attention.mixed', '--heads', '4'], /heads: a place from -4 to 3/],
    [
      ['ablate', gpt2, '--ids', clean, '--at', 'embed', '--token', '#5', '--from', '2'],
      /flags of the metric log-probability: --token, --position; got --from/,
    ],
    [['ablate', gpt2, '--ids', clean, '--at', 'embed', '--metric', 'norm'], /--of <site>, for a norm; got none/],
    [['sweep', gpt2, '--ids', clean, '--other-ids', '1,2', '--sites', 'embed'], /prompts of the same size/],
    [
      ['sweep', gpt2, '--ids', clean, '--other-ids', other, '--sites', '*mixed', '--limit', '10KB'],
      /sweep: at most 10000 bytes, the limit; got 12 cells in 12 runs, \d+ bytes at once and [\d.e-]+ s expected/,
    ],
    [
      ['sweep', gpt2, '--ids', clean, '--sites', '*mixed', '--by', 'layer,heads', '--kind', 'ablation'],
      /--by: of layer, head.*Nearest: head/,
    ],
    [
      ['sweep', gpt2, '--ids', clean, '--other-ids', other, '--sites', '*mixed', '--limit', 'much'],
      /It takes bytes, seconds or both.*See: headlight lens sweep --help/,
    ],
    [['compare', gpt2, '--ids', clean, '--sites', 'embed'], /one thing that differs.*got none/],
    [['capture', gpt2, '--ids', clean, '--sites', 'embed', '--cost', '--replay', at('none.json')], /none\.json/],
    [
      ['capture', gpt2, '--ids', clean, '--sites', 'embed', '--cost', '--replay', at('foreign.json')],
      /foreign\.json: a model with the site blocks\.9\.mlp\.post of \[B,T,8\].*got a model without it/,
    ],
    [['captur', gpt2], /unknown command 'captur'\. Nearest: capture\. See: headlight lens --help/],
    [['sweep', gpt2, '--ids', clean, '--sites', 'a', '--kin', 'x'], /Nearest: --kind/],
  ])('%j is one line and exit code 2, nothing written', async (args, message) => {
    const sites = { 'blocks.9.mlp.post': ['B', 'T', '8'] };
    writeFileSync(at('foreign.json'), JSON.stringify({ format: 'headlight-interventions', version: 1, sites, interventions: [] }));
    const { code, err, out } = await within('lens', ...args);
    expect(err).toMatch(message);
    expect(err.trim().split('\n')).toHaveLength(1);
    expect(code).toBe(2);
    expect(out).toBe('');
  });

  test('alone says what there is', async () => {
    const { code, err } = await within('lens');
    expect(code).toBe(2);
    for (const name of ['capture', 'patch', 'ablate', 'sweep', 'compare']) expect(err).toContain(`  ${name} `);
  });
});
