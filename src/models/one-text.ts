import { fail } from '../core/index.js';
import { formatSpec } from '../ops/index.js';
import type { SequenceState } from './sequence-state.js';

/**
 * Of models whose rows are one text each: nothing keeps what a state or a kernel holds of one document from the next.
 * @throws unsupported: several documents in a row
 */
export function demandOneText(where: string, { documents }: SequenceState): void {
  if (documents === undefined) return;
  throw fail('unsupported', {
    where,
    rule: 'rows of one text each, as its state crosses documents',
    got: `documents ${formatSpec(documents)}`,
    fix: 'Make rows otherwise than packed: --order random, shuffled or padded',
  });
}
