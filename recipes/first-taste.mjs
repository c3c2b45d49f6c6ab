import { generateStories, splitTokens } from 'headlightjs/datasets';
import { generateAll } from 'headlightjs/generate';
import { lens } from 'headlightjs/lens';
import { GPT2 } from 'headlightjs/models';
import { trainCharacterTokenizer } from 'headlightjs/tokenizers';
import { adamW, train } from 'headlightjs/train';

const text = generateStories({ seed: 1, characters: 200_000 });
const tokenizer = trainCharacterTokenizer(text);
const model = new GPT2({ vocabulary: tokenizer.size, context: 64, layers: 2, heads: 4, width: 64 });

const data = splitTokens(tokenizer.encodeToArray(text), { context: model.context });
const { valLoss } = await train(model, { data, steps: 300, batch: 16, optimizer: adamW({ lr: 5e-3 }) });
console.log(`validation loss ${valLoss.toFixed(3)} nats per character`);

const { ids } = await generateAll(model, tokenizer.encode('Petra lived'), { maxNewTokens: 80, temperature: 0.8 });
console.log(tokenizer.decode(ids));

const seen = await lens(model, { tokenizer }).capture('Petra found a kite. Petra', 'blocks.*.attention.pattern');
console.log(seen['blocks.1.attention.pattern']?.shape); // [1, 4, 25, 25]: batch, head, query, key
