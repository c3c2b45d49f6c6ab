import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import fc from 'fast-check';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AttentionData, attentionPicture } from '#dist/lens/picture/index.js';
import { colourOf, levelOf, luminance, RAMPS } from '#dist/lens/picture/ramp.js';
import { pooled, strongestKey } from '#dist/lens/picture/scene.js';
import { sha256 } from '#dist/lens/picture/sha256.js';
import { showToken } from '#dist/lens/picture/token-text.js';

const CHROMIUM = '/usr/bin/chromium';
const TEXT = 'To be, or not to be\nthat is the question';

/** Causal heads of the kinds trained models have: one of each by turns, sharper in deeper layers. */
function plausible(tokens: string[], layers: number, heads: number): AttentionData {
  const length = tokens.length;
  const score = (kind: number, query: number, key: number): number => {
    if (kind === 0) return key === query - 1 ? 4 : -0.15 * (query - key);
    if (kind === 1) return key > 0 && tokens[key - 1] === tokens[query] ? 5 : key === 0 ? 2.5 : 0;
    if (kind === 2) return tokens[key] === tokens[query] ? 3 : 0;
    return /[\s,:]/.test(tokens[key] ?? '') ? 2.5 : -0.08 * (query - key);
  };
  const patterns = Array.from({ length: layers }, (_, layer) => {
    const pattern = new Float32Array(heads * length * length);
    for (let head = 0; head < heads; head++) {
      for (let query = 0; query < length; query++) {
        const row = Array.from({ length: query + 1 }, (_, key) =>
          Math.exp(
            score((head + layer) % 4, query, key) * (0.6 + 0.25 * layer) +
              Math.sin(key * 12.9898 + head * 78.233 + layer * 3.7 + query) * 0.4,
          ),
        );
        const sum = row.reduce((a, b) => a + b);
        row.forEach((value, key) => {
          pattern[(head * length + query) * length + key] = value / sum;
        });
      }
    }
    return pattern;
  });
  return {
    tokens,
    layers,
    heads,
    patterns,
    title: 'To be, or not to be',
    model: 'gpt2, 4 layers, width 128, 0.8M parameters, step 2000',
    sites: patterns.map((_, layer) => `blocks.${layer}.attention.pattern`),
  };
}

const sample = plausible([...TEXT], 4, 4);
const hostile: AttentionData = {
  ...plausible(
    [
      '</script><script>alert(1)</script>',
      '<img src=x onerror=alert(2)>',
      '"\'&amp;',
      '\n',
      '\t',
      ' ',
      '',
      '\u0000\u001b',
      '\u202eabc',
      '\ud800',
      '👩‍👩‍👧',
      '\u0301',
      '<!--',
      ']]>',
      '\uffff',
      '日本',
    ],
    2,
    2,
  ),
  title: '<b>"Title" & \u0007 </title><script>alert(3)</script>',
  model: "it's </p> <i>small</i>",
};

function embedded(page: string): { tokens: string[]; patterns: Float32Array[] } {
  const json = /<script type="application\/json" id="data">(.*?)<\/script>/s.exec(page)?.[1] ?? '';
  const data = JSON.parse(json);
  const read = (text: string) => new Float32Array(new Uint8Array(Buffer.from(text, 'base64')).buffer);
  return { tokens: data.tokens, patterns: data.patterns.map(read) };
}

/** Checks that every tag of an XML text is closed in order and every `&` begins an entity; returns the number of elements. */
function wellFormed(xml: string): number {
  const open: string[] = [];
  let elements = 0;
  for (const [, close, name, attributes = '', empty] of xml.matchAll(/<(\/?)([a-zA-Z]+)((?:\s+[\w:-]+="[^"<]*")*)\s*(\/?)>/g)) {
    if (close) expect(open.pop()).toBe(name);
    else {
      elements++;
      expect(attributes.replaceAll(/&(amp|lt|gt|quot|#39);/g, '')).not.toContain('&');
      if (!empty) open.push(name ?? '');
    }
  }
  expect(open).toEqual([]);
  const text = xml.replaceAll(/<\/?[a-zA-Z]+(?:\s+[\w:-]+="[^"<]*")*\s*\/?>/g, '').replaceAll(/&(amp|lt|gt|quot|#39);/g, '');
  expect(text).not.toMatch(/[<&]/);
  return elements;
}

describe('the page as a file', () => {
  it('holds every token and every weight bit for bit', () => {
    const weights = fc.array(fc.float({ noNaN: true, noDefaultInfinity: true, min: 0 }), { minLength: 18, maxLength: 18 });
    const token = fc.string({ unit: 'binary', maxLength: 6 });
    fc.assert(
      fc.property(weights, fc.array(token, { minLength: 3, maxLength: 3 }), fc.string(), (values, tokens, title) => {
        const data = { tokens, layers: 1, heads: 2, patterns: [new Float32Array(values)], title, model: '', sites: ['x'] };
        const back = embedded(attentionPicture(data));
        expect(back.tokens).toEqual(tokens);
        expect(new Uint32Array(back.patterns[0]?.buffer ?? new ArrayBuffer(0))).toEqual(
          new Uint32Array(data.patterns[0]?.buffer ?? new ArrayBuffer(0)),
        );
      }),
      { numRuns: 60 },
    );
    expect(embedded(attentionPicture(hostile)).tokens).toEqual(hostile.tokens);
  });

  it('lets no token, title or site become markup', () => {
    const page = attentionPicture(hostile);
    expect(page.match(/<script/g)).toHaveLength(2);
    expect(page.match(/<\/script>/g)).toHaveLength(2);
    expect(page).not.toMatch(/<img|<b>|<i>/);
    expect(page).not.toMatch(/https?:|url\(|@import|innerHTML|style="/);
  });

  it('is little more than its numbers, and its first tokens read as text', () => {
    const page = attentionPicture(sample);
    const base64 = (sample.layers * sample.heads * sample.tokens.length ** 2 * 4 * 4) / 3;
    expect(page.length).toBeLessThan(base64 + 40_000);
    expect(page).toContain('<span data-token="2">·</span>');
    expect(page).toContain('⏎</span><br>');
  });

  it('names its script and its style by their true hashes', () => {
    const page = attentionPicture(sample);
    const hash = (source: string) => `'sha256-${createHash('sha256').update(source).digest('base64')}'`;
    const script = /<script>(.*?)<\/script>/s.exec(page)?.[1] ?? '';
    const style = /<style>(.*?)<\/style>/s.exec(page)?.[1] ?? '';
    expect(page).toContain(`default-src 'none'; script-src ${hash(script)}; style-src ${hash(style)};`);
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 300 }), (text) => {
        expect(Buffer.from(sha256(text)).toString('hex')).toBe(createHash('sha256').update(text).digest('hex'));
      }),
    );
  });
});

describe('the drawing', () => {
  it('is well-formed, with title, description and what it leaves out', () => {
    for (const data of [sample, hostile]) {
      const svg = attentionPicture(data, { format: 'svg', layer: 1, head: 1 });
      expect(wellFormed(svg)).toBeGreaterThan(20);
      expect(svg).toMatch(/<title id="title">.+<\/title>\n<desc id="desc">.+layer 1, head 1.+<\/desc>/);
      expect(svg).toContain('weights below 0.005');
    }
    expect(() => wellFormed('<a><b></a></b>')).toThrow();
  });

  it('draws every weight of the large head that has a colour, and none above the diagonal', () => {
    const svg = attentionPicture(sample, { format: 'svg', layer: 2, head: 3 });
    const length = sample.tokens.length;
    const pattern = sample.patterns[2]?.subarray(3 * length * length) ?? new Float32Array();
    const large = svg.slice(svg.indexOf('>Layer 2, head 3</text>'));
    const drawn = new Map<string, string>();
    for (const [, colour = '', path = ''] of large.matchAll(/<path fill="(#\w+)" d="((?:M\d+ \d+h\d+v1h-\d+z)+)"/g)) {
      for (const [, x, y, run] of path.matchAll(/M(\d+) (\d+)h(\d+)/g))
        for (let step = 0; step < Number(run); step++) drawn.set(`${y},${Number(x) + step}`, colour);
    }
    for (let query = 0; query < length; query++) {
      for (let key = 0; key < length; key++) {
        const level = levelOf(pattern[query * length + key] ?? 0, 1);
        const expected = key > query || level === 0 ? undefined : colourOf(RAMPS.light, level, false);
        expect(drawn.get(`${query},${key}`)).toBe(expected);
      }
    }
  });

  it('calls cells masked only where all above the diagonal are exactly 0', () => {
    const [weight, zero] = [new Float32Array([0.5, 0.5, 0.5, 0.5]), new Float32Array([1, 0, 0.5, 0.5])];
    const data = (pattern: Float32Array) => ({
      tokens: ['a', 'b'],
      layers: 1,
      heads: 1,
      patterns: [pattern],
      title: '',
      model: '',
      sites: ['x'],
    });
    for (const format of ['html', 'svg'] as const) {
      expect(attentionPicture(data(zero), { format })).toMatch(/masked[:,] exactly 0|masked, exactly 0/);
      expect(attentionPicture(data(weight), { format })).not.toMatch(/masked[:,] exactly 0/);
    }
  });
});

describe('the small pictures', () => {
  it('keep the largest magnitude of every block', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 9 }),
        fc.integer({ min: 1, max: 9 }),
        fc.infiniteStream(fc.float({ noNaN: true, min: -2, max: 2 })),
        (side, limit, stream) => {
          const weights = new Float32Array([...stream.take(side * side)]);
          const small = pooled({ side, weights }, limit);
          expect(small.side).toBe(Math.min(side, limit));
          const blocks = Array.from(small.weights, () => 0);
          weights.forEach((weight, at) => {
            const [row, column] = [Math.floor(at / side), at % side].map((place) => Math.floor((place * small.side) / side)) as [
              number,
              number,
            ];
            blocks[row * small.side + column] = Math.max(blocks[row * small.side + column] ?? 0, Math.abs(weight));
          });
          expect(Array.from(small.weights, Math.abs)).toEqual(blocks);
        },
      ),
    );
  });

  it('open on the strongest link', () => {
    expect(strongestKey({ side: 3, weights: new Float32Array([0, 0, 0, 0, 0, 0, 0.2, 0.5, 0.3]) }, 2)).toBe(1);
  });
});

describe('colours and marks', () => {
  it('carry the weight by lightness alone, and text on them can be read', () => {
    for (const theme of [RAMPS.light, RAMPS.dark]) {
      for (const negative of [false, true]) {
        const bright = Array.from({ length: 256 }, (_, level) => luminance(colourOf(theme, level, negative)));
        const falling = (bright[0] ?? 0) > (bright[255] ?? 0);
        const steps = bright.slice(1).map((value, index) => (value - (bright[index] ?? 0)) * (falling ? -1 : 1));
        expect(Math.min(...steps)).toBeGreaterThanOrEqual(0);
        // Two neighbours of 256 may round to one colour; four in a row may not.
        bright.slice(4).forEach((value, index) => {
          expect(value).not.toBe(bright[index]);
        });
        const flip = negative ? theme.negativeFlip : theme.positiveFlip;
        bright.forEach((value, level) => {
          const ink = luminance(theme.ink[level < flip ? 0 : 1]);
          expect((Math.max(value, ink) + 0.05) / (Math.min(value, ink) + 0.05)).toBeGreaterThan(4.5);
        });
      }
    }
  });

  it('show what cannot be seen', () => {
    expect([' a', '\n', '\t', '', '\u0000', '\u202e', '\ud800', '\u0301', '👩‍👧', '\u200d'].map(showToken)).toEqual([
      '·a',
      '⏎',
      '⇥',
      '∅',
      '␀',
      '‹U+202E›',
      '‹U+D800›',
      '◌\u0301',
      '👩‍👧',
      '‹U+200D›',
    ]);
  });
});

describe('what does not fit', () => {
  const cases: [string, AttentionData, { layer?: number; head?: number }, RegExp][] = [
    ['no tokens', { ...sample, tokens: [] }, {}, /tokens must be a whole number of at least 1; got 0/],
    [
      'a pattern too short',
      { ...sample, patterns: [...sample.patterns.slice(1), new Float32Array(3)] },
      {},
      /at blocks\.3\.attention\.pattern: a pattern is \[H=4,T=40,T=40\].*got 3 weights/,
    ],
    ['too few layers', { ...sample, patterns: [] }, {}, /patterns must hold one entry per layer, 4; got 0/],
    [
      'a NaN',
      { ...sample, layers: 1, sites: ['s'], patterns: [new Float32Array(6400).fill(NaN, 4101, 4102)] },
      {},
      /NaN at head 2, query 22, key 21/,
    ],
    ['a layer out of range', sample, { layer: 4 }, /layer must be a whole number from 0 to 3; got 4/],
    ['a head out of range', sample, { head: -1 }, /head must be a whole number from 0 to 3; got -1/],
    ['too much', { ...sample, tokens: Array.from({ length: 2000 }, () => 'a') }, {}, /at most 16777216 weights/],
  ];
  it.each(cases)('%s gives a clear error', (_, data, options, message) => {
    expect(() => attentionPicture(data, options)).toThrow(message);
  });
});

const browserThere = existsSync(CHROMIUM);
if (!browserThere) console.warn(`picture: no ${CHROMIUM}, so the page is not driven in a browser`);

describe.skipIf(!browserThere)('the page in Chromium', () => {
  const folder = mkdtempSync(join(tmpdir(), 'headlight-picture-'));
  const requests: string[] = [];
  const complaints: string[] = [];
  let browser: Browser;
  let page: Page;

  async function open(data: AttentionData, options = {}): Promise<void> {
    const file = join(folder, 'page.html');
    writeFileSync(file, attentionPicture(data, options));
    requests.length = complaints.length = 0;
    await page.goto(pathToFileURL(file).href);
  }
  const text = (selector: string) => page.locator(selector).textContent();
  const weight = (layer: number, head: number, query: number, key: number) =>
    sample.patterns[layer]?.[(head * sample.tokens.length + query) * sample.tokens.length + key] ?? Number.NaN;
  async function pointAt(query: number, key: number): Promise<void> {
    const box = await page.locator('#cells').boundingBox();
    if (!box) throw new Error('the matrix is not drawn');
    const cell = box.width / sample.tokens.length;
    await page.mouse.move(box.x + (key + 0.5) * cell, box.y + (query + 0.5) * cell);
  }

  beforeAll(async () => {
    const args =
      '--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync';
    browser = await chromium.launch({ executablePath: CHROMIUM, args: args.split(' ') });
    page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
    page.on('request', (request) => requests.push(request.url()));
    page.on('console', (message) => complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(String(error)));
    page.on('dialog', (dialog) => dialog.dismiss().then(() => complaints.push('a dialog opened')));
  }, 60_000);
  afterAll(async () => {
    await browser.close();
    rmSync(folder, { recursive: true });
  });

  it('shows the weight under the pointer, and asks nothing of the network', async () => {
    await open(sample);
    for (const [query, key] of [
      [39, 38],
      [20, 3],
      [7, 7],
    ] as const) {
      await pointAt(query, key);
      expect(await text('#weight')).toBe(weight(0, 0, query, key).toFixed(4));
      expect(await text('#query-position')).toBe(String(query));
      expect(await text('#key-token')).toBe(showToken(sample.tokens[key] ?? ''));
    }
    await pointAt(3, 9);
    expect(await text('#note')).toBe('masked');
    expect(requests).toHaveLength(1);
    expect(complaints).toEqual([]);
  });

  it('follows the keys', async () => {
    await open(sample);
    await page.keyboard.press(']');
    expect(await text('#head-title')).toBe('Layer 0, head 1');
    await page.keyboard.press('}');
    expect(await text('#head-title')).toBe('Layer 1, head 1');
    await page.keyboard.press('{');
    await page.keyboard.press('[');
    expect(await text('#head-title')).toBe('Layer 0, head 0');
    await pointAt(20, 10);
    await page.mouse.down();
    await page.mouse.up();
    await page.mouse.move(5, 5);
    for (const key of ['ArrowUp', 'ArrowUp', 'ArrowRight', ']']) await page.keyboard.press(key);
    expect(await text('#weight')).toBe(weight(0, 1, 18, 11).toFixed(4));
    expect(await text('#query-position')).toBe('18');
    expect(await page.locator('#table').getAttribute('class')).toBe('unseen');
    await page.keyboard.press('t');
    expect(await page.locator('#table').getAttribute('class')).toBe('');
    await page.locator('.thumbnail[aria-pressed=true]').focus();
    await page.keyboard.press('ArrowDown');
    expect(await page.evaluate(() => document.activeElement?.getAttribute('aria-label'))).toBe('Layer 1, head 1');
    expect(await text('#head-title')).toBe('Layer 1, head 1');
  });

  it('has a table with every weight, named by rows and columns', async () => {
    await open(sample, { layer: 3, head: 2 });
    const length = sample.tokens.length;
    const table = await page.evaluate(() => ({
      cells: Array.from(document.querySelectorAll('#table td'), (cell) => cell.textContent),
      columns: document.querySelectorAll('#table th[scope=col]').length,
      rows: document.querySelectorAll('#table th[scope=row]').length,
    }));
    expect(table.cells).toEqual(
      Array.from({ length: length * length }, (_, at) => weight(3, 2, Math.floor(at / length), at % length).toFixed(3)),
    );
    expect([table.rows, table.columns]).toEqual([length, length + 1]);
  });

  it('gives a long text a table of the row shown', async () => {
    const long = plausible([...TEXT.repeat(4)].slice(0, 130), 1, 1);
    await open(long);
    await page.locator('#text span').nth(77).hover();
    const cells = await page.locator('#table td').allTextContents();
    expect(cells).toEqual(Array.from(long.patterns[0]?.subarray(77 * 130, 78 * 130) ?? [], (value) => value.toFixed(3)));
    expect(await text('#table tbody th')).toBe(`77 ${showToken(long.tokens[77] ?? '')}`);
    expect(complaints).toEqual([]);
  });

  it('paints the colours of the scale, in light and dark', async () => {
    for (const scheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme: scheme });
      await open(sample);
      const pixels = await page.evaluate(() => {
        const canvas = document.querySelector<HTMLCanvasElement>('#cells');
        return Array.from(canvas?.getContext('2d')?.getImageData(0, 0, canvas.width, canvas.height).data ?? []);
      });
      const length = sample.tokens.length;
      for (let at = 0; at < length * length; at++) {
        const [query, key] = [Math.floor(at / length), at % length];
        const [red = 0, green = 0, blue = 0, alpha] = pixels.slice(at * 4, at * 4 + 4);
        expect(alpha).toBe(key > query ? 0 : 255);
        if (key > query) continue;
        const hex = `#${((red << 16) | (green << 8) | blue).toString(16).padStart(6, '0')}`;
        expect(hex).toBe(colourOf(RAMPS[scheme], levelOf(weight(0, 0, query, key), 1), false));
      }
    }
    await page.emulateMedia({ colorScheme: 'light' });
  });

  it('stays calm under hostile tokens, in a narrow window', async () => {
    await page.setViewportSize({ width: 390, height: 844 });
    await open(hostile);
    expect(await page.locator('#text span').allTextContents()).toEqual(hostile.tokens.map(showToken));
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
    expect(complaints).toEqual([]);
    expect(requests).toHaveLength(1);
    await open(sample);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
    await page.setViewportSize({ width: 1280, height: 800 });
  });

  it('reads the drawing as XML without complaint', async () => {
    for (const data of [sample, hostile]) {
      const root = await page.evaluate(
        (svg) => {
          const parsed = new DOMParser().parseFromString(svg, 'image/svg+xml');
          return {
            name: parsed.documentElement.tagName,
            errors: parsed.querySelectorAll('parsererror').length,
            title: parsed.querySelector('title')?.textContent,
          };
        },
        attentionPicture(data, { format: 'svg' }),
      );
      expect(root).toMatchObject({ name: 'svg', errors: 0 });
      expect(root.title).toContain(data === sample ? 'To be' : '<b>"Title"');
    }
  });
});
