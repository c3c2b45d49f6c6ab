import { fail } from '../../core/index.js';
import { formatSpec, type Tensor } from '../../ops/index.js';

/** What a score with parameters was made for. */
export interface Made {
  /** Query heads, H. */
  readonly heads?: number | undefined;
  /** Width of a query head, D. */
  readonly width: number;
}

/** Refuses queries or keys of other heads or widths than the parameters'. @throws shape */
export function checkFit(where: string, what: 'queries' | 'keys', x: Tensor, { heads, width }: Made): void {
  if ((heads === undefined || x.shape[1] === heads) && x.shape[3] === width) return;
  const rule = `${what} [B,${heads ?? 'heads'},length,${width}], which the score was made for`;
  throw fail('shape', { where, rule, got: formatSpec(x) });
}
