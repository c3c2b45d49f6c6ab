import { fail } from '../../core/index.js';
import type { Architecture } from './architecture.js';
import { gpt2Architecture } from './gpt2.js';

/** Every architecture that checkpoints can hold. */
export const architectures: readonly Architecture[] = [gpt2Architecture];

/** @throws unsupported: a `model_type` we do not know; known ones are listed */
export function architectureOf(modelType: unknown, where: string): Architecture {
  const found = architectures.find((a) => a.modelType === modelType);
  if (found === undefined) {
    const known = architectures.map((a) => a.modelType).join(', ');
    throw fail('unsupported', { where, rule: `a "model_type" among: ${known}`, got: JSON.stringify(modelType) ?? 'none' });
  }
  return found;
}

export type { Architecture };
