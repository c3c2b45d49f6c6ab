import { fail } from '../../core/index.js';
import type { Architecture } from './architecture.js';
import { attentionOnlyArchitecture } from './attention-only.js';
import { encoderTypes } from './bert.js';
import { gemma2Architecture, gemmaArchitecture } from './gemma.js';
import { gpt2Architecture } from './gpt2.js';
import { llamaArchitectures } from './llama.js';

/** Every architecture that checkpoints can hold. */
export const architectures: readonly Architecture[] = [
  gpt2Architecture,
  ...llamaArchitectures,
  gemmaArchitecture,
  gemma2Architecture,
  attentionOnlyArchitecture,
];

/** Their names for error messages: published layouts first, then our own, which say so. */
export function architectureList(): string {
  const names = (published: boolean): string[] => architectures.filter((a) => a.published === published).map((a) => a.modelType);
  return [...names(true), ...names(false).map((name) => `${name} (Headlight's own)`)].join(', ');
}

/** @throws unsupported: a `model_type` we do not know; known ones are listed */
export function architectureOf(modelType: unknown, where: string): Architecture {
  const found = architectures.find((a) => a.modelType === modelType);
  if (found === undefined) {
    if (encoderTypes.some((t) => t === modelType)) {
      throw fail('unsupported', {
        where,
        rule: 'a model that predicts the next token',
        got: `${JSON.stringify(modelType)}, an encoder`,
        fix: 'Encoders are for embed, fill, classify and answer; in code, for loadEncoder',
      });
    }
    throw fail('unsupported', {
      where,
      rule: `a "model_type" among: ${architectureList()}, or an encoder's: ${encoderTypes.join(', ')}`,
      got: JSON.stringify(modelType) ?? 'none',
    });
  }
  return found;
}

export { encoderArchitectureOf, encoderArchitectures, encoderTypes } from './bert.js';
export type { Architecture };
