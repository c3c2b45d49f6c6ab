import { fail } from '../core/index.js';
import { AttentionOnly } from './attention-only.js';
import { ConvolutionalLanguageModel } from './convolutional.js';
import { Gemma } from './gemma.js';
import { GPT2 } from './gpt2.js';
import type { LanguageModel } from './language-model.js';
import { Llama } from './llama.js';
import { RecurrentLanguageModel } from './recurrent.js';
import { className } from './registry.js';

const kinds = [kind(GPT2), kind(AttentionOnly), kind(Llama), kind(Gemma), kind(RecurrentLanguageModel), kind(ConvolutionalLanguageModel)];

/**
 * A model like another but for its dropout, its parameters at their first values.
 * @throws unsupported: a model of another class than Headlight's own
 */
export function withDropout(model: LanguageModel, rate: number): LanguageModel {
  for (const make of kinds) {
    const made = make(model, rate);
    if (made !== undefined) return made;
  }
  throw fail('unsupported', {
    where: 'withDropout',
    rule: 'a language model of Headlight’s',
    got: className(model),
    fix: 'Make a model of your own anew, with the dropout it shall have',
  });
}

/** Makes models of a class like others of it. */
function kind<C extends { readonly dropout?: number }>(
  Class: new (config: C) => LanguageModel & { readonly config: C },
): (model: LanguageModel, dropout: number) => LanguageModel | undefined {
  return (model, dropout) => (model instanceof Class ? new Class({ ...model.config, dropout }) : undefined);
}
