import { encodeText } from './encode.js';
import type { EncoderRunner } from './encoder-runner.js';
import { meanPooling, type Pooling, pool } from './pooling.js';

/**
 * Vectors of texts (Reimers and Gurevych 2019, "Sentence-BERT"): the last layer's states, pooled.
 * @returns one [C] per text, in order
 * @throws value: no character in a text, or more tokens than the context
 * @example await embed(new EncoderRunner(await loadEncoder(folder), tokenizer), ['a cat', 'a dog'], await readPooling(folder))
 */
export async function embed(runner: EncoderRunner, texts: readonly string[], pooling: Pooling = meanPooling): Promise<Float32Array[]> {
  const rows = texts.map((text, i) => ({ ids: encodeText(runner.tokenizer, text, texts.length === 1 ? 'text' : `text ${i + 1}`) }));
  const states = await runner.run(rows, 'hidden');
  return states.map(({ values, width }) => pool(values, width, pooling));
}
