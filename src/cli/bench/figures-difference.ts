import { fail } from '../../core/index.js';

/** The two sides' loss and gradients may differ by this, relatively. */
const tolerance = 1e-4;

/** @param where the bench @throws numeric: a figure that differs by more than the tolerance, or is not a number */
export function largestDifference(where: string, ours: Readonly<Record<string, number>>, theirs: Readonly<Record<string, number>>): number {
  // A gradient that is zero but for rounding (a bias of every key) is measured against the largest.
  const largest = Math.max(...Object.values(theirs).map(Math.abs));
  let worst = 0;
  for (const [name, want] of Object.entries(theirs)) {
    const got = ours[name] ?? Number.NaN;
    const difference = Math.abs(got - want) / Math.max(Math.abs(want), 1e-2 * largest);
    if (!(difference <= tolerance)) {
      throw fail('numeric', {
        where,
        rule: `our ${name} equals PyTorch's within ${tolerance}, relatively`,
        got: `${got} and ${want}`,
        fix: 'No times are compared between steps that compute different things',
      });
    }
    worst = Math.max(worst, difference);
  }
  return worst;
}
