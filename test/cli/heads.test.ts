import { cpSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { fixture } from '../support/arrays.js';
import { temporaryFolder, within } from './command.js';

const folder = fixture('gpt2-tiny');
const temporary = temporaryFolder();

describe('headlight heads', () => {
  test('scores every head, highest first where asked', async () => {
    const { code, json } = await within('heads', folder, '--sort', 'entropy', '--rows', '2', '--tokens', '6', '--json');
    expect(code).toBe(0);
    const heads = json().heads as Record<string, number | string>[];
    expect(heads).toHaveLength(12);
    expect(Object.keys(heads[0] ?? {})).toEqual(
      expect.arrayContaining(['layer', 'head', 'induction', 'previousToken', 'duplicateToken', 'firstToken', 'entropy']),
    );
    const order = heads.map(({ entropy }) => entropy as number);
    expect(order).toEqual([...order].sort((a, b) => b - a));
  });

  test('the table has a line for each head asked for', async () => {
    const { out } = await within('heads', folder, '--top', '3', '--ids', '1,2,3,1,2');
    expect(out.trimEnd().split('\n')).toHaveLength(4);
    expect(out).toMatch(/^layer +head +induction/);
  });

  test('encoders and images have heads too', async () => {
    const bert = (await within('heads', fixture('bert-masked'), '--tokens', '4', '--json')).json().heads as object[];
    expect(bert.length).toBeGreaterThan(1);
    const vit = (await within('heads', fixture('vit-tiny'), '--rows', '1', '--json')).json().heads as object[];
    expect(vit[0]).not.toHaveProperty('induction');
    expect(vit[0]).toHaveProperty('entropy');
  });

  test.each([
    [['--sort', 'inducton'], /^headlight: --sort: a score of this model's heads.*Nearest: induction/],
    [['--ids', '1,2', '--tokens', '3'], /^headlight: heads: either --text, --ids or --image, or --tokens/],
    [['--text', 'a', '--ids', '1'], /^headlight: prompt: one of --text, --ids and --image; got 2 of them/],
    [['--tokens', '400'], /^headlight: tokens: a block of at most 16 tokens/],
    [['--ids', '1,999'], /^headlight: prompt: token ids from 0 to 60; got 999/],
  ])('%s is refused in one line', async (args, message) => {
    const { code, err, out } = await within('heads', folder, ...args);
    expect(code).toBe(2);
    expect(err).toMatch(message);
    expect(out).toBe('');
  });
});

describe('headlight lens attribute', () => {
  test.each(['direct', 'integrated-gradients', 'input-gradient', 'logit-lens', 'rollout', 'flow', 'norms'])(
    '%s gives data and a table',
    async (method) => {
      const { code, json } = await within('lens', 'attribute', folder, '--ids', '3,1,4,1,5', '--method', method, '--json');
      expect(code).toBe(0);
      const { method: named, ...found } = json();
      expect(named).toBe(method);
      const [array] = Object.values(found) as { axes: { labels: unknown[] }[]; shape: number[] }[];
      expect(array?.axes.map(({ labels }) => labels.length)).toEqual(array?.shape);
      const { out } = await within('lens', 'attribute', folder, '--ids', '3,1,4,1,5', '--method', method, '--top', '2');
      expect(out.split('\n').length).toBeGreaterThan(3);
    },
  );

  test('parts add up to the logit, rows left out or not', async () => {
    const { out } = await within('lens', 'attribute', folder, '--ids', '3,1,4', '--by', 'head', '--token', '#7', '--top', '1');
    expect(out).toMatch(/\nresidual +-?0\.0000\nlogit +-?\d/);
  });

  test('images too, by label', async () => {
    const vit = join(temporary, 'vit');
    cpSync(fixture('vit-tiny'), vit, { recursive: true });
    writeFileSync(join(vit, 'preprocessor_config.json'), JSON.stringify({ size: { height: 12, width: 16 } }));
    const { code, json } = await within('lens', 'attribute', vit, '--image', fixture('images/jpeg-444.jpg'), '--json');
    expect(code).toBe(0);
    expect((json().residual as number[])[0]).toBeLessThan(1e-3);
  });

  test.each([
    [['--ids', '1', '--method', 'rollout', '--by', 'head'], /options that --method rollout has a use for; got --by/],
    [[], /^headlight: attribute: one of --text, --ids and --image; got none/],
    [['--ids', '1', '--position', '4'], /^headlight: position: a place from 0 to 0.*got 4/],
    [['--ids', '1', '--token', '#61'], /^headlight: tokens: ids from 0 to 60; got 61/],
    [['--ids', '1', '--method', 'shap'], /shap/],
  ])('%s is refused in one line', async (args, message) => {
    const { code, err, out } = await within('lens', 'attribute', folder, ...args);
    expect(code).toBe(2);
    expect(err).toMatch(message);
    expect(out).toBe('');
  });
});
