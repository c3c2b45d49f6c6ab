import { fail, type HostArray, type Nested, nearest } from '../core/index.js';

/** One axis of a labelled array: what it counts, and what each place of it is. */
export interface Axis {
  readonly name: string;
  readonly labels: readonly (string | number)[];
}

/** A labelled array as JSON holds it; what is no number there is null. */
export interface LabelledJson {
  readonly axes: readonly Axis[];
  readonly shape: readonly number[];
  readonly values: Nested;
}

/** Numbers whose axes say what they are: heads by site and number, tokens by their text, scores by name. */
export class LabelledArray {
  /** @throws shape: another number of labels than places */
  constructor(
    readonly axes: readonly Axis[],
    readonly values: HostArray,
  ) {
    const counts = axes.map(({ labels }) => labels.length);
    if (counts.length === values.shape.length && counts.every((n, i) => n === values.shape[i])) return;
    throw fail('shape', {
      where: 'LabelledArray',
      rule: `values of shape [${counts}], a label for each place`,
      got: `[${values.shape}]`,
    });
  }

  /** The value at a label per axis. @throws axis, name: labels that are not there */
  at(...labels: readonly (string | number)[]): number {
    if (labels.length !== this.axes.length) {
      const rule = `a label for each of ${this.axes.map(({ name }) => name).join(', ')}`;
      throw fail('axis', { where: 'LabelledArray.at', rule, got: `[${labels}]` });
    }
    return this.values.at(...labels.map((label, i) => placeOf(this.axes[i] as Axis, label)));
  }

  /** Nested lists of numbers with their axes: what is not finite is null once it is written. */
  toJSON(): LabelledJson {
    return { axes: this.axes, shape: this.values.shape, values: this.values.toArray() };
  }
}

function placeOf({ name, labels }: Axis, label: string | number): number {
  const place = labels.indexOf(label);
  if (place >= 0) return place;
  throw fail('name', {
    where: 'LabelledArray.at',
    rule: `a label of the axis ${name}`,
    got: JSON.stringify(label),
    fix: `Nearest: ${nearest(String(label), labels.map(String)).join(', ')}`,
  });
}
