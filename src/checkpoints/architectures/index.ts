import { fail } from '../../core/index.js';
import type { ViT } from '../../models/index.js';
import type { Architecture } from './architecture.js';
import { attentionOnlyArchitecture } from './attention-only.js';
import { encoderTypes } from './bert.js';
import { convolutionalArchitecture } from './convolutional.js';
import { gemma2Architecture, gemmaArchitecture } from './gemma.js';
import { gpt2Architecture } from './gpt2.js';
import { llamaArchitectures } from './llama.js';
import { recurrentArchitecture } from './recurrent.js';
import { deitArchitecture, vitArchitecture } from './vit.js';

/** Every architecture of language models that checkpoints can hold. */
export const architectures: readonly Architecture[] = [
  gpt2Architecture,
  ...llamaArchitectures,
  gemmaArchitecture,
  gemma2Architecture,
  attentionOnlyArchitecture,
  recurrentArchitecture,
  convolutionalArchitecture,
];

/** Those that take images. */
export const imageArchitectures: readonly Architecture<ViT>[] = [vitArchitecture, deitArchitecture];

/** Their names for error messages: published layouts first, then our own, which say so. */
export function architectureList(): string {
  const names = (published: boolean): string[] => architectures.filter((a) => a.published === published).map((a) => a.modelType);
  return [...names(true), ...names(false).map((name) => `${name} (Headlight's own)`)].join(', ');
}

/** @throws unsupported: a `model_type` we do not know, known ones are listed; an encoder, or one that takes images */
export function architectureOf(modelType: unknown, where: string): Architecture {
  const found = architectures.find((a) => a.modelType === modelType);
  if (found !== undefined) return found;
  if (encoderTypes.some((t) => t === modelType)) {
    throw fail('unsupported', {
      where,
      rule: 'a model that predicts the next token',
      got: `${JSON.stringify(modelType)}, an encoder`,
      fix: 'Encoders are for embed, fill, classify and answer; in code, for loadEncoder',
    });
  }
  if (imageArchitectures.some((a) => a.modelType === modelType)) {
    throw fail('unsupported', {
      where,
      rule: 'a language model, which reads tokens',
      got: `${JSON.stringify(modelType)}, which takes images`,
      fix: 'Classify images with it: headlight classify CHECKPOINT --image FILE',
    });
  }
  const known = `${architectureList()}; encoders: ${encoderTypes.join(', ')}; of images: ${imageArchitectures.map((a) => a.modelType).join(', ')}`;
  throw fail('unsupported', { where, rule: `a "model_type" among: ${known}`, got: JSON.stringify(modelType) ?? 'none' });
}

/** @throws unsupported: a `model_type` that does not take images, or one that we do not know */
export function imageArchitectureOf(modelType: unknown, where: string): Architecture<ViT> {
  const found = imageArchitectures.find((a) => a.modelType === modelType);
  if (found !== undefined) return found;
  throw fail('unsupported', {
    where,
    rule: `a model that takes images, its "model_type" among: ${imageArchitectures.map((a) => a.modelType).join(', ')}`,
    got: JSON.stringify(modelType) ?? 'none',
  });
}

export { encoderArchitectureOf, encoderArchitectures, encoderTypes } from './bert.js';
export type { Architecture };
