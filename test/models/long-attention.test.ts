import { describe, expect, test } from 'vitest';
import { HostArray } from '#dist/core/index.js';
import { generateAll } from '#dist/generate/index.js';
import { gradients } from '#dist/grad/index.js';
import type { AttentionComputation, LanguageModel } from '#dist/models/index.js';
import { GPT2, Llama } from '#dist/models/index.js';
import { crossEntropy, parameterTensor, type Tensor } from '#dist/ops/index.js';
import { compile } from '#dist/runtime/index.js';
import { relativeDifference } from '../support/arrays.js';

const small = { vocabulary: 19, context: 24, layers: 2, heads: 4, width: 16, seed: 2 };
type Make = (attention: AttentionComputation) => LanguageModel;
const gpt2: Make = (attention) => new GPT2({ ...small, attention });
const llama: Make = (attention) => new Llama({ ...small, kvHeads: 2, attention });
const mistral: Make = (attention) => new Llama({ ...small, kvHeads: 2, window: 5, windowed: [true, false], attention });

const ids = new HostArray(
  Int32Array.from({ length: 2 * 24 }, (_, i) => (i * i) % 19),
  [2, 24],
  'int32',
);
const documents = new HostArray(
  Int32Array.from({ length: 2 * 24 }, (_, i) => Math.floor((i % 24) / 9)),
  [2, 24],
  'int32',
);

describe.each([
  ['GPT-2', gpt2, true],
  ['Llama', llama, true],
  ['with a window in one layer', mistral, false],
] as const)('%s', (_, make, takesDocuments) => {
  test.each([false, ...(takesDocuments ? [true] : [])])(
    'blockwise equals dense, logits and every gradient; documents %s',
    async (packed) => {
      const results = async (model: LanguageModel): Promise<Record<string, HostArray>> => {
        const own = [...model.parameters()];
        const run = compile((tokens: Tensor, rest: { documents?: Tensor }) => {
          const logits = model.forward(tokens, rest);
          const loss = crossEntropy(logits.reshape([-1, small.vocabulary]), tokens.reshape([-1]));
          const grads = gradients(
            loss,
            own.map(([, p]) => parameterTensor(p)),
          );
          return { logits, ...Object.fromEntries(own.map(([name], i) => [name, grads[i] as Tensor])) };
        });
        const found = (await run(ids, packed ? { documents } : {})) as Record<string, HostArray>;
        await run.dispose();
        return found;
      };
      const [want, found] = [await results(make('dense')), await results(make('blockwise'))];
      expect(Object.keys(found)).toEqual(Object.keys(want));
      for (const [name, { data }] of Object.entries(want)) {
        if (!name.endsWith('key.bias')) expect(relativeDifference(found[name]?.data, data), name).toBeLessThan(1e-5);
      }
    },
  );

  test('generates the same text, from its cache', async () => {
    const options = { temperature: 0, maxNewTokens: 15 } as const;
    const [want, found] = [
      await generateAll(make('dense'), [3, 1, 4, 1, 5, 9], options),
      await generateAll(make('blockwise'), [3, 1, 4, 1, 5, 9], options),
    ];
    expect(found.newIds).toEqual(want.newIds);
    expect(relativeDifference(found.logprobs, want.logprobs)).toBeLessThan(1e-4);
  });
});

test.each<[string, () => unknown, RegExp]>([
  ['dropout', () => new GPT2({ ...small, dropout: 0.1, attention: 'blockwise' }), /GPT2.*no dropout.*got dropout 0.1.*attention dense/],
  [
    'another word',
    () => new Llama({ ...small, attention: 'flash' as AttentionComputation }),
    /Llama.*attention dense or blockwise; got flash/,
  ],
])('refuses %s', (_, make, message) => {
  expect(make).toThrow(message);
});
