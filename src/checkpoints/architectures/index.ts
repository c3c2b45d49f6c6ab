import { fail } from '../../core/index.js';
import type { Bert, Transformer, ViT } from '../../models/index.js';
import type { Config } from '../config.js';
import type { Architecture } from './architecture.js';
import { attentionOnlyArchitecture } from './attention-only.js';
import { encoderClassOf, encoderTypes } from './bert.js';
import { convolutionalArchitecture } from './convolutional.js';
import { gemma2Architecture, gemmaArchitecture } from './gemma.js';
import { gpt2Architecture } from './gpt2.js';
import { llamaArchitectures } from './llama.js';
import { recurrentArchitecture } from './recurrent.js';
import { transformerArchitecture } from './transformer.js';
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

/** What models do, by what they take and give: each kind has a loader and commands of its own. */
const kinds = {
  language: {
    types: architectures.map((a) => a.modelType),
    rule: 'a language model, which predicts the next token',
    got: 'which predicts the next token',
    fix: 'Such models are for generate, chat and eval; in code, for loadModel',
  },
  encoder: {
    types: encoderTypes,
    rule: 'an encoder of texts',
    got: 'an encoder',
    fix: 'Encoders are for embed, fill, classify and answer; in code, for loadEncoder',
  },
  image: {
    types: imageArchitectures.map((a) => a.modelType),
    rule: 'a model that takes images',
    got: 'which takes images',
    fix: 'Such models are for classify --image FILE, and capture and attend with --image; in code, for loadImageModel',
  },
  translation: {
    types: [transformerArchitecture.modelType],
    rule: 'an encoder–decoder',
    got: 'an encoder–decoder',
    fix: 'Such models are for the studio; in code, for loadTranslationModel',
  },
} as const;

/** @throws unsupported: a `model_type` that we do not know, with all that we do; or one of another kind, with what that is for */
function checkKind(wanted: keyof typeof kinds, modelType: unknown, where: string): void {
  const shown = JSON.stringify(modelType) ?? 'none';
  const found = Object.values(kinds).find(({ types }) => types.some((type) => type === modelType));
  if (found === kinds[wanted]) return;
  if (found !== undefined) {
    throw fail('unsupported', { where, rule: kinds[wanted].rule, got: `${shown}, ${found.got}`, fix: found.fix });
  }
  const known = `${architectureList()}; encoders: ${encoderTypes.join(', ')}; of images: ${kinds.image.types.join(', ')}; encoder–decoders: ${kinds.translation.types.join(', ')} (Headlight's own)`;
  throw fail('unsupported', { where, rule: `a "model_type" among: ${known}`, got: shown });
}

/** @throws unsupported: a `model_type` that is not of language models */
export function architectureOf(modelType: unknown, where: string): Architecture {
  checkKind('language', modelType, where);
  return architectures.find((a) => a.modelType === modelType) as Architecture;
}

/** @throws unsupported: a `model_type` that does not take images */
export function imageArchitectureOf(modelType: unknown, where: string): Architecture<ViT> {
  checkKind('image', modelType, where);
  return imageArchitectures.find((a) => a.modelType === modelType) as Architecture<ViT>;
}

/** @throws unsupported: a `model_type` that is not of encoder–decoders */
export function transformerArchitectureOf(modelType: unknown, where: string): Architecture<Transformer> {
  checkKind('translation', modelType, where);
  return transformerArchitecture;
}

/** By `model_type` and the class that the config names. @throws unsupported: a `model_type` that is not of encoders, or another class */
export function encoderArchitectureOf(config: Config): Architecture<Bert> {
  checkKind('encoder', config.values.model_type, config.path);
  return encoderClassOf(config);
}

export { encoderArchitectures, encoderTypes } from './bert.js';
export type { Architecture };
export { transformerArchitecture };
