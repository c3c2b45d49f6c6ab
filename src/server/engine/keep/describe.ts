import type { TokenInfo } from '../../protocol/index.js';
import type { HeadMatrix } from '../read/head-matrix.js';

/**
 * Sentences about a head's pattern, each made of its numbers: where the weight lies, on the whole and of one query.
 * @param sides the tokens that look, and those looked at
 */
export function describeHead(
  { data, rows, columns, causal }: HeadMatrix,
  { queries, keys }: { readonly queries: readonly TokenInfo[]; readonly keys: readonly TokenInfo[] },
  name: string,
  query?: number,
): string[] {
  const at = (row: number, column: number): number => data[row * columns + column] as number;
  const counted = Array.from({ length: rows }, (_, row) => row).filter((row) => !causal || row > 0);
  const mean = (f: (row: number) => number): number => counted.reduce((sum, row) => sum + f(row), 0) / Math.max(1, counted.length);
  const isCross = queries !== keys;
  const before = { what: 'the token before', share: mean((row) => (row > 0 ? at(row, row - 1) : 0)) };
  const last = { what: 'the last token', share: mean((row) => at(row, columns - 1)) };
  const kinds = [
    isCross ? last : before,
    { what: 'the first token', share: mean((row) => at(row, 0)) },
    { what: isCross ? 'the token of the same place' : 'the token itself', share: mean((row) => (row < columns ? at(row, row) : 0)) },
  ].sort((a, b) => b.share - a.share);
  const first = kinds[0] as (typeof kinds)[number];
  const percent = (share: number): string => `${(100 * share).toFixed(0)}%`;
  const entropy = mean((row) => -rowOf(row).reduce((sum, w) => (w > 0 ? sum + w * Math.log(w) : sum), 0));
  const sentences = [
    `${name} gives, on average over ${counted.length} queries, ${percent(first.share)} of its attention to ${first.what}.`,
    `A row spreads over about ${Math.exp(entropy).toFixed(1)} tokens (the exponential of its mean entropy, ${entropy.toFixed(2)} nats).`,
  ];
  if (query !== undefined && query < rows) {
    const row = rowOf(query);
    const order = Array.from(row.keys())
      .sort((i, j) => (row[j] as number) - (row[i] as number))
      .slice(0, 3);
    const parts = order.map((key) => `${JSON.stringify(keys[key]?.text ?? String(key))} (${percent(row[key] as number)})`);
    sentences.push(
      `The query ${JSON.stringify(queries[query]?.text ?? String(query))} at position ${query} attends most to ${parts.join(', ')}.`,
    );
  }
  return sentences;

  function rowOf(row: number): Float32Array {
    return data.subarray(row * columns, (row + 1) * columns);
  }
}
