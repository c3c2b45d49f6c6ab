import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { en } from '../../studio/src/i18n/en.js';
import { zh } from '../../studio/src/i18n/zh.js';
import { cardHtml } from '../../studio/src/views/keep/card.js';

const provenance = {
  model: 'runs/<b>x</b>',
  type: 'gpt2',
  parameters: 1234,
  hash: 'ab'.repeat(32),
  prompt: '</script><img src=x onerror=alert(1)>',
  changes: ['cut 3 → 1'],
  changesJson: '[]',
  versions: { headlightjs: '0.1.0' },
};

test('a card asks nothing of a network, runs nothing, and holds texts as texts', () => {
  const numbers = { ...provenance, rows: [[1, 0.5]] };
  const html = cardHtml(
    { title: 'x & y', pictures: ['<svg></svg>'], provenance, description: ['It looks <back>.'], view: '#layer=1', numbers, language: 'en' },
    en.card,
  );
  expect(html).not.toMatch(/<img|<b>x|https?:/);
  expect(html.match(/<script/g)).toEqual(['<script']);
  const style = /<style>([\s\S]*?)<\/style>/.exec(html)?.[1] ?? '';
  expect(html).toContain(`style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'`);
  const data = /<script type="application\/json" id="data">([\s\S]*?)<\/script>/.exec(html)?.[1] ?? '';
  expect(JSON.parse(data)).toEqual(numbers);
  for (const part of [provenance.hash, 'cut 3 → 1', 'headlightjs 0.1.0', '#layer=1', '1,234']) expect(html).toContain(part);
});

test('every text of the page is there in both languages, and none is empty or left in English', () => {
  const leaves = (part: object, path = ''): [string, unknown][] =>
    Object.entries(part).flatMap(([name, value]) =>
      typeof value === 'object' ? leaves(value, `${path}${name}.`) : [[`${path}${name}`, value] as [string, unknown]],
    );
  const english = new Map(leaves(en));
  const same = ['appName', 'topK', 'topP', 'sides.a', 'sides.b', 'sides.difference', 'difference'];
  for (const [path, value] of leaves(zh)) {
    expect(english.has(path), path).toBe(true);
    if (typeof value === 'string') expect(value !== '' && (value !== english.get(path) || same.includes(path)), path).toBe(true);
  }
  expect(leaves(zh)).toHaveLength(english.size);
});
