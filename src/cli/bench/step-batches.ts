import { fail, HostArray } from '../../core/index.js';
import { generateStories, randomWindows, type TokenBatch } from '../../datasets/index.js';
import { trainCharacterTokenizer } from '../../tokenizers/index.js';
import type { StepShape } from './step-shape.js';

/** Long enough that no two windows of a bench are likely to be the same. */
const characters = 200_000;

/**
 * Batch number ↦ windows of the built-in stories, one id per character; freshly allocated each time.
 * @throws value: the stories have more characters than the model's vocabulary
 */
export function storyBatches({ context, batch, vocabulary }: StepShape): (index: number) => TokenBatch {
  const text = generateStories({ seed: 1, characters });
  const tokenizer = trainCharacterTokenizer(text);
  if (tokenizer.size > vocabulary) {
    throw fail('value', {
      where: 'bench step',
      rule: `a vocabulary of at least ${tokenizer.size}, the stories' characters`,
      got: String(vocabulary),
    });
  }
  return randomWindows({ ids: tokenizer.encodeToArray(text), context, batch, seed: 1 });
}

/** The first `count` batches as two arrays, `inputs` and `targets`, int32 [count,B,T]. */
export function stackBatches(
  batches: (index: number) => TokenBatch,
  count: number,
  { batch, context }: StepShape,
): Record<string, HostArray> {
  const size = batch * context;
  const inputs = new Int32Array(count * size);
  const targets = new Int32Array(count * size);
  for (let index = 0; index < count; index++) {
    const windows = batches(index);
    inputs.set(windows.inputs, index * size);
    targets.set(windows.targets, index * size);
  }
  const shape = [count, batch, context];
  return { inputs: new HostArray(inputs, shape, 'int32'), targets: new HostArray(targets, shape, 'int32') };
}
