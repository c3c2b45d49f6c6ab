import { fail, HostArray } from '../../core/index.js';
import { logSoftmax, type Tensor, takeAlong } from '../../ops/index.js';
import type { MetricInputs, MetricKind } from './kind.js';
import type { Loss } from './metric.js';
import { logitsShape } from './predictions.js';

/** A target that does not count. */
const ignored = -100;

export const loss: MetricKind<Loss> = {
  doc: 'mean −log p(target) in nats, of the tokens that follow or of targets given',
  arrays: ({ targets, from = 0 }, inputs) => {
    const shape = logitsShape(inputs);
    const length = shape.length === 3 ? (shape[1] as number) : 1;
    const rows = targets ?? following(inputs);
    checkTargets(rows, { rows: inputs.rows, length, vocabulary: shape.at(-1) as number });
    const ids = new Int32Array(rows.length * length);
    const weights = new Float32Array(rows.length * length);
    rows.forEach((row, r) => {
      const counts = row.map((id, t) => id !== ignored && t >= from);
      const number = counts.filter(Boolean).length;
      if (number === 0) throw fail('value', { where: 'loss', rule: 'at least one target in each row', got: `none in row ${r}` });
      row.forEach((id, t) => {
        ids[r * length + t] = counts[t] ? id : 0;
        weights[r * length + t] = counts[t] ? 1 / number : 0;
      });
    });
    return {
      targets: new HostArray(ids, [rows.length, length, 1], 'int32'),
      weights: new HostArray(weights, [rows.length, length], 'float32'),
    };
  },
  trace: (_, { site, arrays }) => {
    const logits = site('logits');
    const [batch, vocabulary] = [logits.shape[0] as number, logits.shape.at(-1) as number];
    const { targets, weights } = arrays as { targets: Tensor; weights: Tensor };
    const length = targets.shape[1] as number;
    const logs = logSoftmax(logits.reshape([batch, length, vocabulary]));
    const chosen = takeAlong(logs, targets.expand([batch, length, 1]), 2).reshape([batch, length]);
    return chosen.mul(weights).sum({ axis: 1 }).neg();
  },
};

function following({ feeds, subject }: MetricInputs): readonly (readonly number[])[] {
  const found = subject.targets?.(feeds);
  if (found !== undefined) return found;
  throw fail('value', { where: 'loss', rule: 'targets, for a model that does not predict what follows', got: 'none' });
}

function checkTargets(
  rows: readonly (readonly number[])[],
  known: { readonly rows: number; readonly length: number; readonly vocabulary: number },
): void {
  const odd = rows.find((row) => row.length !== known.length);
  if (rows.length !== known.rows || odd !== undefined) {
    const got = odd === undefined ? `${rows.length} rows` : `a row of ${odd.length}`;
    throw fail('shape', { where: 'loss', rule: `${known.rows} rows of ${known.length} targets`, got });
  }
  const bad = rows.flat().find((id) => id !== ignored && !(Number.isInteger(id) && id >= 0 && id < known.vocabulary));
  if (bad !== undefined)
    throw fail('value', { where: 'loss', rule: `targets from 0 to ${known.vocabulary - 1}, or ${ignored}`, got: String(bad) });
}
