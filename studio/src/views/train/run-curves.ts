import type { Curves } from '#dist/server/protocol/index.js';
import type { Words } from '../../i18n/en.js';
import type { Curve } from '../../scenes/curves.js';
import type { ScoresOverTime } from '../../state/scoring.svelte.js';

/** The loss of every step, and of the evaluations. */
export function lossCurves({ steps, evaluations }: Curves, words: Words): Curve[] {
  return [
    { name: words.trainLoss, stroke: 'positive', steps: steps.step, values: steps.loss, faint: evaluations.step.length > 1 },
    { name: words.valLoss, stroke: 'second', steps: evaluations.step, values: evaluations.valLoss, dots: evaluations.step.length < 60 },
  ];
}

/** One curve a head of one score; the chosen head stands out, and then those that end strongest. */
export function headCurves({ columns, heads, steps, scores }: ScoresOverTime, column: number, layer: number, head: number): Curve[] {
  const count = heads.length;
  const curves = heads.map((place, i) => ({
    name: `L${place.layer} H${place.head}`,
    isChosen: place.layer === layer && place.head === head,
    values: Float64Array.from(scores, (matrix) => matrix.data[column * count + i] as number),
  }));
  const order = curves.sort((a, b) => Number(a.isChosen) - Number(b.isChosen) || (a.values.at(-1) ?? 0) - (b.values.at(-1) ?? 0));
  if (columns.length === 0) return [];
  return order.map(({ name, isChosen, values }, i) => ({
    name,
    stroke: isChosen ? 'accent' : 'positive',
    steps,
    values,
    faint: !isChosen && i < order.length - 3,
  }));
}
