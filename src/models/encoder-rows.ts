import { type Dim, fail } from '../core/index.js';
import { Module } from '../nn/index.js';
import { pad, type Tensor } from '../ops/index.js';
import type { Bert } from './bert.js';
import type { LanguageModel } from './language-model.js';

/** What no label can have: e to this power is 0 in float32. */
const never = -1e9;

/**
 * An encoder in the form that training knows: rows of ids filled up with the padding id, which is masked, and targets that
 * are labels' numbers, −100 where nothing is to be learned. A classifier of whole texts has its target in the first place; one
 * of tokens, and masked words, wherever there is one. Scores run to the vocabulary's size; those beyond the labels are −1e9,
 * which leaves the cross-entropy over the labels as it is (without label smoothing).
 * @example await train(new EncoderRows(bert), { data, steps: 100, batch: 8 }); // bert then holds the trained values
 */
export class EncoderRows extends Module implements LanguageModel {
  readonly encoder: Bert;
  readonly context: number;

  /**
   * @param length tokens in a row; the encoder's context by default
   * @throws unsupported: a model whose head gives no labels; value: a length beyond the context
   */
  constructor(encoder: Bert, length = encoder.context) {
    super();
    const { head, vocabulary } = encoder.config;
    if (head.kind === 'none' || head.kind === 'question') {
      throw fail('unsupported', {
        where: 'EncoderRows',
        rule: 'an encoder with a head for masked words or labels',
        got: head.kind,
        fix: 'Train answers with a program of your own: gradients(loss, parameters)',
      });
    }
    if ('labels' in head && head.labels.length > vocabulary) {
      const rule = `at most ${vocabulary} labels, as many as the vocabulary has tokens`;
      throw fail('unsupported', { where: 'EncoderRows', rule, got: String(head.labels.length) });
    }
    if (!Number.isInteger(length) || length < 1 || length > encoder.context) {
      throw fail('value', { where: 'EncoderRows', rule: `a length from 1 to ${encoder.context}, the context`, got: String(length) });
    }
    this.encoder = encoder;
    this.context = length;
  }

  get vocabulary(): number {
    return this.encoder.vocabulary;
  }

  /** @param ids [B,T] int32 @returns [B,T,V] */
  forward(ids: Tensor): Tensor {
    const { padding, head } = this.encoder.config;
    const [batch, length] = ids.shape as [Dim, Dim];
    const scores = this.encoder.forward(ids, { mask: ids.equal(padding).logicalNot() });
    const labels = scores.shape.at(-1) as number;
    const everywhere = head.kind === 'sequence' ? scores.reshape([batch, 1, labels]).expand([batch, length, labels]) : scores;
    return pad(
      everywhere,
      [
        [0, 0],
        [0, 0],
        [0, this.vocabulary - labels],
      ],
      never,
    );
  }
}
