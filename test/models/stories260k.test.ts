import { beforeAll, describe, expect, test } from 'vitest';
import { loadModel } from '#dist/checkpoints/index.js';
import type { HostArray } from '#dist/core/index.js';
import { generateAll, nextTokens } from '#dist/generate/index.js';
import type { LanguageModel } from '#dist/models/index.js';
import { loadTokenizer, type Tokenizer } from '#dist/tokenizers/index.js';
import { largestDifference } from '../support/arrays.js';
import { shared } from '../tokenizers/shared.js';
import { referenceOf } from './checkpoint.js';

const folder = shared('models/stories260k');
const reference = await referenceOf('stories260k-prompts.safetensors');
const numbers = (name: string): number[] => Array.from(reference.get(name)?.data ?? [], Number);
const prompts = Array.from({ length: reference.size / 4 }, (_, n) => {
  const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(Uint8Array.from(numbers(`${n}.text`)));
  return { n, text, shown: JSON.stringify(text.slice(0, 40)), ids: numbers(`${n}.ids`), greedy: numbers(`${n}.greedy`) };
});

describe.skipIf(folder === undefined)('stories260k on 26 prompts, up to one that fills its context', () => {
  let model: LanguageModel;
  let tokenizer: Tokenizer;
  beforeAll(async () => {
    model = await loadModel(folder ?? '');
    tokenizer = (await loadTokenizer(folder ?? '')) as Tokenizer;
  });

  test('the prompts are short and long', () => {
    expect(prompts.map(({ ids }) => ids.length)).toEqual(expect.arrayContaining([2, 300, 511, 512]));
    expect(prompts.filter(({ greedy }) => greedy.length === 40).length).toBeGreaterThan(20);
  });

  test.each(prompts)('$shown: ids, logits and greedy continuation are the reference’s', async ({ n, text, ids, greedy }) => {
    expect(tokenizer.encode(text)).toEqual(ids);
    const source = await nextTokens(model);
    const logits = await source.append(ids);
    expect(largestDifference(logits, (reference.get(`${n}.logits`) as HostArray).data)).toBeLessThan(1e-4);
    source.reset();
    const { newIds } = await generateAll(source, ids, { maxNewTokens: greedy.length, temperature: 0 });
    expect(newIds).toEqual(greedy);
    await source.dispose();
  });
});
