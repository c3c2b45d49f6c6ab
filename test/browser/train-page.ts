import { generateStories, splitTokens } from '#dist/datasets/index.js';
import { GPT2 } from '#dist/models/index.js';
import { configureEngine } from '#dist/runtime/index.js';
import { trainCharacterTokenizer } from '#dist/tokenizers/index.js';
import { train } from '#dist/train/index.js';

/** Trains a few steps; in Node and in Chromium alike. */
export default async function page({
  wasmPaths,
  steps,
  inThread,
}: {
  wasmPaths?: string;
  steps: number;
  inThread: boolean;
}): Promise<object> {
  const engine = wasmPaths === undefined ? {} : { wasmPaths };
  configureEngine(engine);
  const text = generateStories({ seed: 2, characters: 5000 });
  const tokenizer = trainCharacterTokenizer(text);
  const data = splitTokens(tokenizer.encodeToArray(text), { context: 32 });
  const model = new GPT2({ vocabulary: tokenizer.size, context: 32, layers: 2, heads: 2, width: 32, seed: 4, dropout: 0.1 });
  const losses: number[] = [];
  const result = await train(model, { data, steps, batch: 4, seed: 3, engine, inThread, threads: 1, onStep: (r) => losses.push(r.loss) });
  return { losses, valLoss: result.valLoss };
}
