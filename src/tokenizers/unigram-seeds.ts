import { ByteTrie } from './byte-trie.js';

/** Words as UTF-8, one after the other, with how often each occurs. */
export interface ByteWords {
  readonly bytes: Uint8Array;
  /** [words + 1] where each begins in `bytes`, and the end of the last. */
  readonly starts: Int32Array;
  readonly counts: Float64Array;
}

/** Candidate tokens: the nodes of a trie. */
export interface Seeds {
  readonly trie: ByteTrie;
  /** The first 256 are the single bytes, in their order. */
  readonly nodes: readonly number[];
  /** How often each occurs in the words, overlaps counted. */
  readonly counts: readonly number[];
}

/**
 * The substrings of words to begin with: all single bytes, and those of whole characters, at least two bytes and at most
 * `longest` long, that occur twice or more: the `most` of them with the largest count × length (as SentencePiece ranks
 * its seeds). Found length by length: only what is frequent is followed further, so that memory holds little else.
 */
export function findSeeds(words: ByteWords, longest: number, most: number): Seeds {
  const { bytes, starts, counts } = words;
  const trie = new ByteTrie(2 ** 16);
  const nodes = Array.from({ length: 256 }, (_, byte) => trie.add([byte]));
  let totals = new Float64Array(2 ** 16);
  for (let word = 0; word < counts.length; word++) {
    for (let at = starts[word] as number; at < (starts[word + 1] as number); at++) {
      const node = nodes[bytes[at] as number] as number;
      totals[node] = (totals[node] as number) + (counts[word] as number);
    }
  }
  const found: number[] = [];
  const lengths: number[] = [];
  // For each place where a character begins, the node of what was read from there; 0 where that became rare or ended.
  const reached = Int32Array.from(bytes, (byte) => (isContinuation(byte) ? 0 : (nodes[byte] as number)));
  for (let length = 2; length <= longest; length++) {
    const known = trie.size;
    const whole: boolean[] = [];
    for (let word = 0; word < counts.length; word++) {
      const end = starts[word + 1] as number;
      for (let at = starts[word] as number; at < end; at++) {
        const node = reached[at] as number;
        if (node === 0) continue;
        const last = at + length - 1;
        if (last >= end || (totals[node] as number) < 2) {
          reached[at] = 0;
          continue;
        }
        const next = trie.grow(node, bytes[last] as number);
        if (next >= totals.length) {
          const larger = new Float64Array(totals.length * 2);
          larger.set(totals);
          totals = larger;
        }
        totals[next] = (totals[next] as number) + (counts[word] as number);
        reached[at] = next;
        // Whether a character ends here depends on the bytes alone: UTF-8 never has a whole character's bytes begin another.
        whole[next - known] = last + 1 === end || !isContinuation(bytes[last + 1] as number);
      }
    }
    if (trie.size === known) break;
    for (let node = known; node < trie.size; node++) {
      if (whole[node - known] !== true || (totals[node] as number) < 2) continue;
      found.push(node);
      lengths.push(length);
    }
  }
  const order = found.map((_, i) => i);
  const score = (i: number): number => (totals[found[i] as number] as number) * (lengths[i] as number);
  order.sort((i, j) => score(j) - score(i) || i - j);
  for (const i of order.slice(0, most)) nodes.push(found[i] as number);
  return { trie, nodes, counts: nodes.map((n) => totals[n] as number) };
}

/** Whether a byte goes on with a character of UTF-8. */
function isContinuation(byte: number): boolean {
  return (byte & 0xc0) === 0x80;
}
