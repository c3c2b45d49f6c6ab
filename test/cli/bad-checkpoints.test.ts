import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { generateStories } from '#dist/datasets/index.js';
import { trainCharacterTokenizer } from '#dist/tokenizers/index.js';
import { MockHub } from '../checkpoints/hub/mock-hub.js';
import { contentsOf, type Finished, headlight, start, temporaryFolder, tiny, within, workIn } from './command.js';

const here = temporaryFolder();
workIn(here);
const at = (...parts: string[]): string => join(here, ...parts);
const deep = 100_000;
const nested = (inside: string): string => `{"a":${'['.repeat(deep)}${inside}${']'.repeat(deep)}}`;

function withFile(name: string, file: string, content: string | Uint8Array): void {
  cpSync(at('good'), at(name), { recursive: true });
  writeFileSync(at(name, file), content);
}

type Header = Record<string, { dtype: string; shape: number[]; data_offsets: number[] }>;

/** A copy of the good checkpoint whose weights have another header. */
function withHeader(name: string, change: (header: Header) => string | undefined): void {
  const bytes = readFileSync(at('good/model.safetensors'));
  const length = Number(bytes.readBigUInt64LE());
  const header = JSON.parse(bytes.subarray(8, 8 + length).toString()) as Header;
  const text = change(header) ?? JSON.stringify(header);
  const size = Buffer.alloc(8);
  size.writeBigUInt64LE(BigInt(Buffer.byteLength(text)));
  withFile(name, 'model.safetensors', Buffer.concat([size, Buffer.from(text), bytes.subarray(8 + length)]));
}

const tensor = 'transformer.h.0.attn.c_attn.weight';

beforeAll(async () => {
  writeFileSync(at('text.txt'), generateStories({ seed: 3, characters: 6000 }));
  const { code, err } = await within('train', 'text.txt', ...tiny, '--tokenizer', 'bpe:300', '--steps', '2', '--out', 'good');
  expect(code, err).toBe(0);
  const config = readFileSync(at('good/config.json'), 'utf8');
  withFile('deep-config', 'config.json', nested('1'));
  withFile('deep-tokenizer', 'tokenizer.json', nested('1'));
  const sequence = '{"type":"Sequence","normalizers":[';
  const tokenizer = JSON.parse(readFileSync(at('good/tokenizer.json'), 'utf8')) as {
    model: { vocab: Record<string, number> };
    normalizer: unknown;
  };
  const inSequences = JSON.stringify({ ...tokenizer, normalizer: 'HERE' }).replace(
    '"HERE"',
    `${sequence.repeat(deep)}${']}'.repeat(deep)}`,
  );
  withFile('deep-normalizer', 'tokenizer.json', inSequences);
  withFile('deep-tokenizer-config', 'tokenizer_config.json', nested('1'));
  withHeader('deep-header', () => nested('1'));
  withHeader('overlap', (header) => {
    const { data_offsets: [, end] = [] } = header[tensor] as Header[string];
    const next = Object.values(header).find(({ data_offsets: [from] = [] }) => from === end) as Header[string];
    next.data_offsets = next.data_offsets.map((offset) => offset - 4);
    return undefined;
  });
  withHeader('negative', (header) => {
    (header[tensor] as Header[string]).shape = [-16, -48];
    return undefined;
  });
  withHeader('absurd', (header) => {
    (header[tensor] as Header[string]).shape = [2 ** 40, 2 ** 40];
    return undefined;
  });
  withHeader('reversed', (header) => {
    (header[tensor] as Header[string]).data_offsets.reverse();
    return undefined;
  });
  withFile('smaller', 'config.json', config.replace(/"vocab_size": \d+/, '"vocab_size": 299'));
  tokenizer.model.vocab.grown = 300;
  withFile('smaller-tokenizer', 'tokenizer.json', JSON.stringify(trainCharacterTokenizer('abc').toJson()));
  withFile('larger-tokenizer', 'tokenizer.json', JSON.stringify({ ...tokenizer, normalizer: null }));
  withFile('absurd-config', 'config.json', config.replace(/"n_layer": \d+/, '"n_layer": 1e300'));
  withFile('negative-config', 'config.json', config.replace(/"n_embd": \d+/, '"n_embd": -16'));
  cpSync(at('good'), at('no-config'), { recursive: true });
  rmSync(at('no-config/config.json'));
});

/** What is wrong, in which folder, and what its one line must say. */
const cases: readonly (readonly [what: string, folder: string, says: RegExp])[] = [
  ['weights without a configuration', 'no-config', /no-config: a checkpoint folder, with config\.json/],
  ['a configuration 100,000 levels deep', 'deep-config', /deep-config\/config\.json: JSON of at most 64 levels; got more/],
  ['a tokenizer 100,000 levels deep', 'deep-tokenizer', /deep-tokenizer\/tokenizer\.json: a tokenizer of a known kind/],
  ['100,000 normalizers in each other', 'deep-normalizer', /deep-normalizer\/tokenizer\.json: a tokenizer of a known kind/],
  ['a header 100,000 levels deep', 'deep-header', /deep-header\/model\.safetensors: /],
  ['tensors that overlap', 'overlap', /overlap\/model\.safetensors: .*"transformer\./],
  ['a negative shape', 'negative', /negative\/model\.safetensors: .*"transformer\.h\.0\.attn\.c_attn\.weight"/],
  ['a shape beyond any memory', 'absurd', /absurd\/model\.safetensors: .*"transformer\.h\.0\.attn\.c_attn\.weight"/],
  ['offsets the wrong way round', 'reversed', /reversed\/model\.safetensors: .*"transformer\.h\.0\.attn\.c_attn\.weight"/],
  ['a size beyond any model', 'absurd-config', /absurd-config\/config\.json: "n_layer" is a whole number from 1/],
  ['a negative size', 'negative-config', /negative-config\/config\.json: "n_embd" is a whole number from 1/],
  ['weights of another vocabulary', 'smaller', /"tokens\.weight" \[300,16\] instead of \[299,16\]/],
  [
    'a tokenizer of a larger vocabulary',
    'larger-tokenizer',
    /larger-tokenizer: a tokenizer of at most 300 tokens, the model's vocabulary; got 301/,
  ],
  [
    'a tokenizer of a vocabulary that no padding makes so large',
    'smaller-tokenizer',
    /smaller-tokenizer: a tokenizer of at least 172 tokens, the model's vocabulary being 300; got 3/,
  ],
];

async function expectOneLine(finished: Promise<Finished>, says: RegExp): Promise<void> {
  const { code, out, err } = await finished;
  expect(err).toMatch(says);
  expect(err).toMatch(/^headlight: [^\n]{1,600}\n$/);
  expect([out, code]).toEqual(['', 2]);
}

describe('a checkpoint that cannot be used is one clear line, exit code 2, and nothing touched', () => {
  test.each(cases)('%s', async (_, folder, says) => {
    const before = contentsOf(here);
    const args = ['generate', folder, '--prompt', 'Marlow'];
    // What is deep could end the process: it has one of its own, the built command.
    await expectOneLine(folder.startsWith('deep-') ? headlight(here, ...args) : within(...args), says);
    expect(contentsOf(here)).toEqual(before);
  });

  test('a deep tokenizer_config.json is no harm: nothing in it is followed', async () => {
    const { code, err } = await headlight(here, 'generate', 'deep-tokenizer-config', '--prompt', 'Marlow', '--max-new-tokens', '1');
    expect(code, err).toBe(0);
  });
});

describe('the hub', () => {
  let hub: MockHub;
  let env: Record<string, string>;
  beforeAll(async () => {
    const file = (name: string): [string, Uint8Array] => [name, new Uint8Array(readFileSync(at('good', name)))];
    hub = new MockHub(Object.fromEntries(['config.json', 'model.safetensors', 'tokenizer.json'].map(file)));
    const cleared = { HF_HUB_CACHE: '', HF_TOKEN: '', HF_HUB_OFFLINE: '' };
    env = { ...cleared, HF_ENDPOINT: await hub.start(), HF_HOME: at('hub') };
  });
  afterAll(() => hub.stop());

  const generate = (id: string): Promise<Finished> =>
    start(here, ['generate', id, '--prompt', 'Marlow', '--max-new-tokens', '1'], env).finished;

  test('an id that does not exist', () => expectOneLine(generate('nobody/nothing'), /a model "nobody\/nothing"/));

  test('a download that is cut off in the middle, and goes on when asked again', async () => {
    // The smaller files come first, whole: a cut beyond their end is none.
    hub.override = (path) => {
      if (path.startsWith('/elsewhere/')) hub.cuts = [2000];
      return false;
    };
    await expectOneLine(generate('owner/name'), /"model\.safetensors"; got \d+, the download was cut off\. Run it again/);
    hub.override = undefined;
    hub.cuts = [];
    const { code, err } = await generate('owner/name');
    expect(code, err).toBe(0);
  });
});
