// The models that the studio is measured with: random weights, since colours and times do not depend on them.
import { join } from 'node:path';
import { saveModel } from '#dist/checkpoints/index.js';
import { generateStories } from '#dist/datasets/index.js';
import { GPT2 } from '#dist/models/index.js';
import { saveTokenizer, trainCharacterTokenizer } from '#dist/tokenizers/index.js';

/** Characters, and so tokens, of the built-in stories. @param {number} count */
export function storyText(count) {
  return generateStories({ seed: 3, characters: count * 2 })
    .replaceAll('\n', ' ')
    .slice(0, count);
}

/**
 * `wide`: the size of the usual first GPT, 10.8M parameters. `long`: reads 2,048 tokens with 6 × 6 heads.
 * @param {string} folder
 * @returns {Promise<number>} the parameters of `wide`
 */
export async function makeModels(folder) {
  const tokenizer = trainCharacterTokenizer(generateStories({ seed: 1, characters: 50_000 }));
  const shape = { vocabulary: tokenizer.size, layers: 6, heads: 6, seed: 1 };
  const wide = new GPT2({ ...shape, context: 256, width: 384 });
  const models = { wide, long: new GPT2({ ...shape, context: 2048, width: 96 }) };
  for (const [name, model] of Object.entries(models)) {
    await saveModel(join(folder, name), model);
    await saveTokenizer(join(folder, name), tokenizer);
  }
  return wide.parameterCount;
}
