import type { NextTokens } from './next-tokens.js';
import { type Next, type Rows, separateRows } from './rows.js';

/** One row that reads only what is new: of a text that begins as what was read before, its rest. */
export interface KeptPrefixRows extends Rows {
  /** Tokens that the last `read` took from what was kept. */
  readonly reused: number;
}

/**
 * Rows over one source that keep what was read between texts. A conversation's next prompt begins with the last one and
 * its answer, so that only the new turn is read, whatever came before. At least the last token is read anew, for its logits.
 */
export function keptPrefixRows(source: NextTokens): KeptPrefixRows {
  const rows = separateRows([source]);
  let known: number[] = [];
  let reused = 0;
  const append = async (ids: readonly number[]): Promise<Next> => {
    const logits = await source.append(ids);
    known.push(...ids);
    return { logits, captured: source.captured?.() ?? {} };
  };
  return {
    ...rows,
    get reused() {
      return reused;
    },
    read: async (_, ids) => {
      const most = Math.min(known.length, ids.length - 1);
      let same = 0;
      while (same < most && known[same] === ids[same]) same++;
      if (same > 0 && source.keep !== undefined) source.keep(same);
      else {
        source.reset();
        same = 0;
      }
      known = known.slice(0, same);
      reused = same;
      return append(ids.slice(same));
    },
    step: async (ids) => {
      const [id] = ids;
      return [id === undefined ? undefined : await append([id])];
    },
  };
}
