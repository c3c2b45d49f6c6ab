import { fail, HostArray } from '../../core/index.js';
import type { Tensor } from '../../ops/index.js';
import type { ProgramOptions } from '../../runtime/index.js';
import type { Tokenizer } from '../../tokenizers/index.js';
import { LabelledArray } from '../labelled.js';
import type { Traced } from '../trace.js';
import type { LogitChoice } from './chosen-logits.js';

export interface GradientAttributionOptions extends ProgramOptions, LogitChoice {
  readonly tokenizer?: Tokenizer | undefined;
}

/** What each input adds to a chosen logit. */
export interface InputAttribution {
  /** [token, input]: of which logit, and by which place of which embedding; summed over the embedding's width. */
  readonly attributions: LabelledArray;
  /** The logits, less that of `against`. */
  readonly logits: Float64Array;
}

/** The sites where embeddings enter a stack of layers. */
export function embeddingsOf({ sites }: Traced): Map<string, Tensor> {
  const found = new Map([...sites].filter(([name]) => /(?:^|\.)embed$/.test(name)));
  if (found.size > 0) return found;
  throw fail('unsupported', { where: 'attribution', rule: 'a model that taps the embeddings its layers read, `embed`', got: 'none' });
}

/** Numbers of each token by each place, with their labels. @param rows of a token, the places of one embedding after another */
export function attributionOf(
  tokens: readonly number[],
  embeds: ReadonlyMap<string, Tensor>,
  rows: readonly (readonly number[])[],
): LabelledArray {
  const labels = [...embeds].flatMap(([name, x]) =>
    Array.from({ length: x.shape[1] as number }, (_, i): string | number => (embeds.size === 1 ? i : `${name} ${i}`)),
  );
  const axes = [
    { name: 'token', labels: tokens },
    { name: 'input', labels },
  ];
  return new LabelledArray(axes, new HostArray(Float64Array.from(rows.flat()), [tokens.length, labels.length], 'float64'));
}
