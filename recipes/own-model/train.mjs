// node recipes/own-model/train.mjs [STEPS]: trains the model of model.mjs, in a worker thread, and looks into it.
import { generateStories, splitTokens } from 'headlightjs/datasets';
import { generateAll } from 'headlightjs/generate';
import { lens } from 'headlightjs/lens';
import { trainCharacterTokenizer } from 'headlightjs/tokenizers';
import { adamW, train } from 'headlightjs/train';
import { ParallelModel } from './model.mjs';

const steps = Number(process.argv[2] ?? 600);
const text = generateStories({ seed: 1, characters: 200_000 });
const tokenizer = trainCharacterTokenizer(text);
const model = new ParallelModel({ vocabulary: tokenizer.size, context: 64, layers: 2, heads: 4, width: 64 });
console.log(`${model.parameterCount} parameters: ${[...model.parameters().keys()].slice(0, 4).join(', ')}, …`);

const result = await train(model, {
  data: splitTokens(tokenizer.encodeToArray(text), { context: model.context }),
  steps,
  batch: 16,
  optimizer: adamW({ lr: 5e-3 }),
  evalEvery: Math.ceil(steps / 4),
  onEvaluation: ({ step, valLoss }) => console.log(`step ${step}: validation loss ${valLoss.toFixed(3)}`),
});
console.log(`${Math.round(result.tokensPerSecond)} tokens per second`);

const { ids } = await generateAll(model, tokenizer.encode('Petra lived'), { maxNewTokens: 60, temperature: 0.5 });
console.log(tokenizer.decode(ids));

const seen = await lens(model, { tokenizer }).capture('Petra found a kite. Petra', '*.attention.pattern');
for (const [site, { shape }] of Object.entries(seen)) console.log(`${site} [${shape}]`);
