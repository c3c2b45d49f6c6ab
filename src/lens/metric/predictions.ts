import { fail, HostArray } from '../../core/index.js';
import { type Tensor, takeAlong } from '../../ops/index.js';
import { resolvePart } from '../address.js';
import type { MetricInputs, MetricRun } from './kind.js';
import type { TokenChoice } from './metric.js';

/** The shape of a model's logits. @throws name: a model without */
export function logitsShape({ sites }: Pick<MetricInputs, 'sites'>): readonly number[] {
  const logits = sites.get('logits');
  if (logits !== undefined) return logits.shape as readonly number[];
  throw fail('name', { where: 'metric', rule: 'a model that predicts, with the site logits', got: 'none', fix: "Take the metric 'norm'" });
}

/** @throws axis: a position outside the text; value: one for a model that gives one prediction a row */
export function checkPosition(position: number | undefined, inputs: MetricInputs): void {
  const shape = logitsShape(inputs);
  if (shape.length === 3) resolvePart({ kind: 'one', at: position ?? -1 }, shape[1] as number, 'metric, position');
  else if (position !== undefined) {
    throw fail('value', { where: 'metric', rule: 'no position, for a model of one prediction a row', got: String(position) });
  }
}

/** [B,V], the logits that are judged. */
export function logitsAt(run: MetricRun, position = -1): Tensor {
  const logits = run.site('logits');
  if (logits.rank === 2) return logits;
  const [batch, length, vocabulary] = logits.shape as [number, number, number];
  const at = position < 0 ? position + length : position;
  return logits.slice([null, [at, at + 1]]).reshape([batch, vocabulary]);
}

/** [B,1] or [1,1] int32, of the tokens that are judged. @throws value: ids outside the vocabulary, another number of tokens than rows */
export function tokenArray(choice: TokenChoice, inputs: MetricInputs): HostArray {
  const vocabulary = logitsShape(inputs).at(-1) as number;
  const list: readonly (number | string)[] = typeof choice === 'object' ? choice : [choice];
  if (list.length !== 1 && list.length !== inputs.rows) {
    throw fail('value', { where: 'metric', rule: `one token, or one for each of ${inputs.rows} rows`, got: String(list.length) });
  }
  const ids = list.map((token) => (typeof token === 'string' ? inputs.subject.tokenId(token) : token));
  const bad = ids.find((id) => !(Number.isInteger(id) && id >= 0 && id < vocabulary));
  if (bad !== undefined) throw fail('value', { where: 'metric', rule: `token ids from 0 to ${vocabulary - 1}`, got: String(bad) });
  return new HostArray(Int32Array.from(ids), [ids.length, 1], 'int32');
}

/** [B]: one number of each row. @param tokens [B,1] or [1,1] */
export function ofTokens(rows: Tensor, tokens: Tensor): Tensor {
  const [batch] = rows.shape as [number];
  return takeAlong(rows, tokens.expand([batch, 1]), 1).reshape([batch]);
}
