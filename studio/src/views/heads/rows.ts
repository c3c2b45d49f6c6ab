import type { Scores } from '../../state/scoring.svelte.js';

export type HeadRow = Scores['heads'][number];

export interface RowOrder {
  /** A column's name; empty for the order of the model. */
  readonly sort: string;
  readonly isAscending: boolean;
  /** `3` or `0.3`: a layer, or a layer and a head. */
  readonly filter: string;
  /** The least that the sorted score must be. */
  readonly least?: number | undefined;
}

/** The rows of the table, chosen and in order; heads without a score are last. */
export function rowsOf(scores: Scores, { sort, isAscending, filter, least }: RowOrder): HeadRow[] {
  const column = scores.columns.findIndex(({ name }) => name === sort);
  const [layer, head] =
    filter.trim() === ''
      ? []
      : filter
          .trim()
          .split(/[.\s,]+/)
          .map(Number);
  const chosen = scores.heads.filter(
    (row) =>
      (layer === undefined || Number.isNaN(layer) || row.layer === layer) &&
      (head === undefined || Number.isNaN(head) || row.head === head) &&
      (least === undefined || column < 0 || (row.scores[column] ?? Number.NEGATIVE_INFINITY) >= least),
  );
  const turn = isAscending ? -1 : 1;
  if (column < 0) return chosen.sort((a, b) => turn * (a.layer - b.layer || a.head - b.head));
  const last = isAscending ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY;
  const score = (row: HeadRow): number => row.scores[column] ?? last;
  return chosen.sort((a, b) => turn * (score(b) - score(a)) || a.layer - b.layer || a.head - b.head);
}
