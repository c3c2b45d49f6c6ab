import { fail } from '../core/index.js';
import { type BatchShape, ignored, type TokenBatch, type TrainingData } from '../datasets/index.js';

/** What a program expects of its batches. */
export interface BatchRules extends Pick<TrainingData, 'packed' | 'hasIgnored' | 'inputRange'> {
  readonly shape: BatchShape;
  /** V: tokens are 0 to V − 1. */
  readonly vocabulary: number;
}

/** Batches by number, each checked as it is drawn. */
export function checkedBatches(
  draw: (index: number) => TokenBatch | Promise<TokenBatch>,
  rules: BatchRules,
): (index: number) => Promise<TokenBatch> {
  return async (index) => {
    const batch = await draw(index);
    checkBatch(batch, rules, `training batch ${index}`);
    return batch;
  };
}

/**
 * Looks a batch over before a program runs on it: a token beyond the vocabulary would stop the engine without saying whose
 * it is, and a negative one would count from the vocabulary's end.
 * @throws shape: arrays of another size; name: documents that are missing, or not declared; value: a token out of range
 */
export function checkBatch(batch: TokenBatch, rules: BatchRules, where: string): void {
  const { shape, vocabulary, packed, hasIgnored, inputRange = vocabulary } = rules;
  const { rows, length, targets: targetsPerRow = length } = shape;
  for (const name of ['inputs', 'targets', 'documents', 'positions'] as const) {
    const array = batch[name];
    if (array === undefined ? packed || name === 'inputs' || name === 'targets' : !packed && name === 'documents') {
      const said = packed ? 'packed: documents and positions in every batch' : 'not packed: inputs and targets only';
      throw fail('name', {
        where,
        rule: `what the data say of themselves, ${said}`,
        got: Object.keys(batch).join(', '),
        fix: 'Mend packed of the data',
      });
    }
    const perRow = name === 'targets' ? targetsPerRow : length;
    if (array !== undefined && array.length !== rows * perRow) {
      throw fail('shape', {
        where,
        rule: `${rows * perRow} ${name}, ${rows} rows of ${perRow}`,
        got: String(array.length),
        // What was handed to a worker once is empty from then on.
        ...(array.length === 0 && { fix: 'Give every batch arrays of its own: they are handed over' }),
      });
    }
  }
  const { inputs, targets, positions = [] } = batch;
  const refuse = (rule: string, value: number, at: number, fix: string, perRow = length): Error =>
    fail('value', { where, rule, got: `${value} at place ${at % perRow} of row ${Math.floor(at / perRow)}`, fix });
  const isToken = (id: number): boolean => id >= 0 && id < vocabulary;
  const tokens = `from 0 to ${vocabulary - 1}, the model's vocabulary`;
  const vocabularyFix = 'Use the tokenizer that the model is made for';
  inputs.forEach((id, at) => {
    if (id >= 0 && id < inputRange) return;
    if (inputRange === vocabulary) throw refuse(`inputs ${tokens}`, id, at, vocabularyFix);
    throw refuse(`inputs from 0 to ${inputRange - 1}, as the data say of themselves`, id, at, 'Mend inputRange of the data');
  });
  targets.forEach((id, at) => {
    if (isToken(id) || (hasIgnored && id === ignored)) return;
    const rule = `targets ${tokens}${hasIgnored ? `, or ${ignored} for none` : ''}`;
    throw refuse(rule, id, at, id === ignored ? 'Say hasIgnored of the data' : vocabularyFix, targetsPerRow);
  });
  positions.forEach((position, at) => {
    if (!(position >= 0 && position < length))
      throw refuse(`positions from 0 to ${length - 1}`, position, at, 'Count them from 0 in each document');
  });
}
