import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Tokenizer as Library } from '@huggingface/tokenizers';
import { afterAll, describe, expect, test } from 'vitest';
import { readTokenizer } from '#dist/checkpoints/gguf/tokenizer-read.js';
import { writeTokenizer } from '#dist/checkpoints/gguf/tokenizer-write.js';
import type { GgufMetadata } from '#dist/checkpoints/gguf/values.js';
import { convertToGguf, openGguf, saveModel } from '#dist/checkpoints/index.js';
import { GPT2 } from '#dist/models/index.js';
import { type Tokenizer, tokenizerFromJson } from '#dist/tokenizers/index.js';
import { mixedLines } from '../../tokenizers/mixed-lines.js';
import { shared } from '../shared.js';
import { kinds, publishedTokenizer } from './byte-level-kinds.js';

type Json = Record<string, unknown>;
interface Files {
  readonly json: Json;
  readonly config: Json;
}

// llama.cpp's binding takes no NUL.
const lines = mixedLines(1000).filter((line) => !line.includes('\0'));
const hashes = JSON.parse(readFileSync(new URL('../../fixtures/llama-cpp-ids.json', import.meta.url), 'utf8')) as Record<string, string>;

/** As `test/fixtures/llama-cpp-ids.mjs` has it. */
function hash(ids: readonly number[]): string {
  const all = ids.reduce((h, id) => Math.imul(h ^ id, 0x01000193) >>> 0, 0x811c9dc5);
  return all.toString(16).padStart(8, '0').slice(2);
}

/**
 * White space is Unicode's in the library that published vocabularies were made with, and in llama.cpp; a regular expression
 * of JavaScript counts U+FEFF and not U+0085. The kept library translates patterns that files spell out, not those that it
 * has itself (`ByteLevel` with `use_regex`); ours follows it there.
 */
const disputed = /[\u0085\ufeff]/;

function read(path: string): Files {
  const file = (name: string): Json => JSON.parse(readFileSync(join(path, name), 'utf8')) as Json;
  return { json: file('tokenizer.json'), config: file('tokenizer_config.json') };
}

function throughMetadata(files: Files): { readonly metadata: GgufMetadata; readonly tokenizer: Tokenizer; readonly files: Files } {
  const metadata: GgufMetadata = new Map(writeTokenizer(files, 'x'));
  const back = readTokenizer(metadata, 'x') as Files;
  return { metadata, tokenizer: tokenizerFromJson(back.json, back.config), files: back };
}

describe('1,000 mixed lines, through GGUF', () => {
  test.each(kinds)('%s: the ids of llama.cpp, and of the kept library on the published file', async (kind) => {
    const published = await publishedTokenizer(kind);
    const { metadata, tokenizer } = throughMetadata(published);
    expect(metadata.get('tokenizer.ggml.pre')?.value).toBe(kind);
    const library = new Library(published.json, published.config);
    const own = kind === 'gpt-2' || kind === 'smollm'; // the published file leaves words to the library's own pattern
    for (const [i, line] of lines.entries()) {
      const ids = tokenizer.encode(line, { specialTokens: false });
      const theirs = library.encode(line, { add_special_tokens: false }).ids;
      if (kind !== 'smollm' || !disputed.test(line)) expect(ids, JSON.stringify(line)).toEqual(theirs);
      const expected = (hashes[kind] as string).slice(6 * i, 6 * i + 6);
      if (!own || !disputed.test(line)) expect(hash(ids), JSON.stringify(line)).toBe(expected);
      expect(tokenizer.decode(ids, { specialTokens: true })).toBe(line);
    }
  });

  test.each([
    ['stories', 'models/stories260k'],
    ['gpt2', 'tokenizers/gpt2'],
  ])('%s: the ids of llama.cpp', (name, path) => {
    const folder = shared(path);
    if (folder === undefined) return;
    const { tokenizer } = throughMetadata(read(folder));
    for (const [i, line] of lines.entries()) {
      if (name === 'gpt2' && disputed.test(line)) continue;
      const expected = (hashes[name] as string).slice(6 * i, 6 * i + 6);
      expect(hash(tokenizer.encode(line, { specialTokens: false })), JSON.stringify(line)).toBe(expected);
    }
  });
});

describe('what a file says beside the words', () => {
  test('whether a word that is a token is that token, and what stands before and behind a text', async () => {
    const llama = throughMetadata(await publishedTokenizer('llama-bpe'));
    expect(llama.metadata.get('tokenizer.ggml.add_bos_token')?.value).toBe(true);
    expect(llama.metadata.has('tokenizer.ggml.add_eos_token')).toBe(false);
    expect(llama.tokenizer.encode('a')).toEqual([0, ...llama.tokenizer.encode('a', { specialTokens: false })]);
    expect((llama.files.json.model as Json).ignore_merges).toBe(true);
    // A file that does not say whether a text begins with a token: llama.cpp's answer depends on the words.
    for (const [kind, begins] of [
      ['llama-bpe', true],
      ['qwen2', false],
    ] as const) {
      const metadata = new Map(throughMetadata(await publishedTokenizer(kind)).metadata);
      metadata.delete('tokenizer.ggml.add_bos_token');
      const files = readTokenizer(metadata, 'x') as Files;
      expect(tokenizerFromJson(files.json, files.config).encode('a')[0] === 0).toBe(begins);
    }
    const { json, config } = await publishedTokenizer('qwen2');
    const frame = {
      type: 'TemplateProcessing',
      single: [{ Sequence: { id: 'A', type_id: 0 } }, { SpecialToken: { id: '<|end|>', type_id: 0 } }],
    };
    const ended = throughMetadata({ json: { ...json, post_processor: frame }, config });
    expect(ended.tokenizer.encode('a')).toEqual([...ended.tokenizer.encode('a', { specialTokens: false }), 1]);
  });

  test('a name that is not known, and words that have no name, are refused', async () => {
    const { json, config } = await publishedTokenizer('qwen2');
    const metadata = new Map(writeTokenizer({ json, config }, 'x'));
    metadata.set('tokenizer.ggml.pre', { type: 'string', value: 'tekken' });
    expect(() => readTokenizer(metadata, 'm.gguf')).toThrow(/^m\.gguf: "tokenizer\.ggml\.pre" among gpt-2, .*qwen2.*; got "tekken"/);
    metadata.delete('tokenizer.ggml.pre');
    expect(readTokenizer(metadata, 'x')?.json.pre_tokenizer).toEqual((await publishedTokenizer('default')).json.pre_tokenizer);
    const model = { ...(json.model as Json), ignore_merges: true };
    expect(() => writeTokenizer({ json: { ...json, model }, config }, 'x')).toThrow(/words that GGUF has a name for/);
    const split = { type: 'Split', pattern: { Regex: '\\s' }, behavior: 'Isolated', invert: false };
    const other = { type: 'Sequence', pretokenizers: [split, { type: 'ByteLevel', add_prefix_space: false, use_regex: false }] };
    expect(() => writeTokenizer({ json: { ...json, pre_tokenizer: other }, config }, 'x')).toThrow(/words that GGUF has a name for/);
    const digits = {
      type: 'Sequence',
      pretokenizers: [
        { type: 'Digits', individual_digits: true },
        { type: 'ByteLevel', add_prefix_space: false },
      ],
    };
    const written = new Map(writeTokenizer({ json: { ...json, pre_tokenizer: digits }, config }, 'x'));
    expect(written.get('tokenizer.ggml.pre')?.value).toBe('smollm');
  });
});

/** SentencePiece's BPE as it is described: of all neighbours whose union is a token, those of the best score join; the first of equals. */
function sentencePieces(text: string, scores: ReadonlyMap<string, number>): string[] {
  const parts = [...`▁${text.replaceAll(' ', '▁')}`];
  for (;;) {
    let best = -1;
    for (let i = 0; i + 1 < parts.length; i++) {
      const score = scores.get(`${parts[i]}${parts[i + 1]}`);
      if (score !== undefined && (best < 0 || score > (scores.get(`${parts[best]}${parts[best + 1]}`) as number))) best = i;
    }
    if (best < 0) break;
    parts.splice(best, 2, `${parts[best]}${parts[best + 1]}`);
  }
  const bytes = (part: string): string[] =>
    [...new TextEncoder().encode(part)].map((b) => `<0x${b.toString(16).toUpperCase().padStart(2, '0')}>`);
  return parts.flatMap((part) => (scores.has(part) ? [part] : bytes(part)));
}

test('pieces with scores: the ids of a naive reading of the description, 1,000 lines', () => {
  const bytes = Array.from({ length: 256 }, (_, b) => `<0x${b.toString(16).toUpperCase().padStart(2, '0')}>`);
  // Most characters, not all, and substrings made of them, as the trainer makes pieces; most in more ways than one.
  const texts = lines.map((line) => [...line.replaceAll(' ', '▁')].filter((c) => !/[<>[\]|]/.test(c)));
  const characters = new Set(texts.flatMap((text) => text.filter((c) => (c.codePointAt(0) as number) % 7 !== 0)));
  const pieces = new Set(characters);
  for (const [n, text] of texts.entries()) {
    for (const i of text.keys()) {
      for (const length of [2, 3, 5]) {
        const piece = text.slice(i, i + length);
        if ((n * 7 + i * 3) % (4 * length) === 0 && piece.every((c) => characters.has(c))) pieces.add(piece.join(''));
      }
    }
  }
  const names = ['<unk>', '<s>', '</s>', ...bytes, ...pieces];
  const score = (i: number): number => -((i * 7919) % 104729);
  const value = (of: 'string' | 'float32' | 'int32', items: unknown) => ({ type: 'array', value: { of, items } });
  const types = names.map((_, i) => (i === 0 ? 2 : i < 3 ? 3 : i < 259 ? 6 : 1));
  const metadata = new Map<string, unknown>([
    ['tokenizer.ggml.model', { type: 'string', value: 'llama' }],
    ['tokenizer.ggml.tokens', value('string', names)],
    [
      'tokenizer.ggml.scores',
      value(
        'float32',
        Float32Array.from(names, (_, i) => score(i)),
      ),
    ],
    ['tokenizer.ggml.token_type', value('int32', Int32Array.from(types))],
  ]) as GgufMetadata;
  const files = readTokenizer(metadata, 'x') as Files;
  const tokenizer = tokenizerFromJson(files.json, files.config);
  const ids = new Map(names.map((name, id) => [name, id]));
  const scores = new Map([...pieces].map((piece) => [piece, score(ids.get(piece) as number)]));
  let checked = 0;
  for (const line of lines) {
    if (/<s>|<\/s>|<unk>/.test(line)) continue;
    const expected = sentencePieces(line, scores).map((piece) => ids.get(piece));
    expect(tokenizer.encode(line, { specialTokens: false }), JSON.stringify(line)).toEqual(expected);
    checked++;
  }
  expect(checked).toBeGreaterThan(800);
});

const out = process.env.HEADLIGHT_GGUF_OUT;
test.skipIf(out === undefined)('writes the files of which test/fixtures/llama-cpp-ids.mjs asks llama.cpp', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'headlight-ids-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(out as string, 'lines.json'), JSON.stringify(lines));
  const all: [string, Files][] = [];
  for (const kind of kinds) all.push([kind, await publishedTokenizer(kind)]);
  all.push(['gpt2', read(shared('tokenizers/gpt2') as string)], ['stories', read(shared('models/stories260k') as string)]);
  for (const [name, { json, config }] of all) {
    const at = join(folder, name);
    mkdirSync(at);
    const vocabulary = tokenizerFromJson(json, config).size;
    await saveModel(at, new GPT2({ vocabulary, context: 64, layers: 1, heads: 1, width: 32 }));
    writeFileSync(join(at, 'tokenizer.json'), JSON.stringify(json));
    writeFileSync(join(at, 'tokenizer_config.json'), JSON.stringify(config));
    await convertToGguf(at, join(out as string, `${name}.gguf`));
    await (await openGguf(join(out as string, `${name}.gguf`))).close();
  }
});
