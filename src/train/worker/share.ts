import type { Span, StorageLayout } from '../storage.js';

/** What one worker sums up and updates: neighbouring parameters, some half of all numbers. */
export interface Share {
  readonly names: ReadonlySet<string>;
  /** Their gradients, from the beginning of all gradients, and themselves, both in bytes. */
  readonly gradients: { readonly from: number; readonly to: number };
  readonly parameters: { readonly from: number; readonly to: number };
}

/** Cuts a run's trained parameters in two shares of about the same size; the second is empty where there is one only, or where the last is the largest by far. */
export function sharesOf({ parameters, gradients }: Pick<StorageLayout, 'parameters' | 'gradients'>): readonly [Share, Share] {
  const trained = parameters.flatMap((p) => (p.gradient === undefined ? [] : [{ ...p, gradient: p.gradient }]));
  // At the boundary nearest to the middle.
  const middle = gradients.at + 2 * gradients.size;
  const distances = trained.map((p) => Math.abs(end(p.gradient) - middle));
  const first = distances.indexOf(Math.min(...distances)) + 1;
  const share = (part: typeof trained): Share => {
    const [one, last] = [part[0], part.at(-1)];
    if (one === undefined || last === undefined) return { names: new Set(), gradients: nothing, parameters: nothing };
    return {
      names: new Set(part.map((p) => p.name)),
      gradients: { from: one.gradient.at - gradients.at, to: end(last.gradient) - gradients.at },
      parameters: { from: one.parameter.at, to: end(last.parameter) },
    };
  };
  return [share(trained.slice(0, first)), share(trained.slice(first))];
}

const nothing = { from: 0, to: 0 };

const end = ({ at, size }: Span): number => at + 4 * size;
