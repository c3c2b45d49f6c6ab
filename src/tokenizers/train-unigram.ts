import { byteCharacters, byteOrder, spell } from './byte-alphabet.js';
import { byteLevelJson } from './byte-level-format.js';
import { IntList } from './int-list.js';
import { tokenizerFromJson } from './load.js';
import { preTokenEnd } from './pre-tokens.js';
import type { Tokenizer } from './tokenizer.js';
import { checkAnyText, checkSize, checkSpecialTokens, type Texts, trainedConfig, type VocabularyOptions } from './training.js';
import { longestWord, UnigramLattice } from './unigram-lattice.js';
import { UnigramModel } from './unigram-model.js';
import { type ByteWords, findSeeds } from './unigram-seeds.js';
import { writeUtf8 } from './utf8.js';
import { countWords, type WordCounter } from './word-counter.js';

/** Bytes of the longest token. */
const longestPiece = 24;
/** The part of the tokens that stays in each round. */
const shrink = 0.75;
/** Steps of expectation and maximisation in each round. */
const steps = 2;
/** A token expected less often than this in all the texts is dropped at once, as SentencePiece does. */
const leastExpected = 0.5;

/**
 * A Unigram vocabulary (Kudo 2018, section 3.2), learned from texts: seeds are frequent substrings of words; their
 * probabilities come from expectation–maximisation; then, round by round, those go whose loss would lower the likelihood
 * of the texts least, until `size` remain.
 *
 * It is byte-level: words are those of GPT-2's pattern, spelled in its alphabet of bytes, and the 256 bytes are tokens
 * that never go. So every text, and any bytes, can be written and come back, and every reader of the format gives the
 * same ids. (SentencePiece's form, `▁` for spaces and `<0x0A>` for bytes, would not do: of a Unigram model the library
 * for JavaScript reads no byte fallback, and `▁` in a text would come back as a space.) Pieces never cut a character,
 * except into bytes.
 *
 * @param texts a text, several, or a stream: only different words stay in memory
 * @throws `value` for options out of range; `tokenizer` where the texts are empty
 */
export async function trainUnigram(texts: Texts, options: VocabularyOptions): Promise<Tokenizer> {
  const { size, specialTokens = ['<|endoftext|>'], onProgress } = options;
  checkSpecialTokens('trainUnigram', specialTokens);
  checkSize('trainUnigram', size, 256 + specialTokens.length, `256 bytes and ${specialTokens.length} special tokens`);
  const counter = await countWords(texts, preTokenEnd, specialTokens, onProgress);
  checkAnyText('trainUnigram', counter.size);

  const target = size - specialTokens.length;
  const words = asBytes(counter);
  const lattice = new UnigramLattice(words, findSeeds(words, longestPiece, Math.max(12 * size, 50_000)));
  const first = lattice.pieces.length;
  for (;;) {
    const counts = estimate(lattice, target);
    const live = livePieces(lattice);
    onProgress?.({ stage: 'learning', done: first - live.length, total: Math.max(first - target, 1) });
    if (live.length <= target) break;
    const left = Math.max(target, Math.floor(live.length * shrink));
    const kept = new Set(mostNeeded(lattice, live, counts).slice(0, left - 256));
    lattice.drop((piece) => kept.has(piece));
  }
  const model = { type: 'Unigram', unk_id: null, vocab: vocabulary(lattice, specialTokens), byte_fallback: false };
  return tokenizerFromJson(byteLevelJson(specialTokens, model), trainedConfig(specialTokens));
}

/** Expectation and maximisation a few times; drops what is hardly used, down to `target`. @returns the expected counts */
function estimate(lattice: UnigramLattice, target: number): Float64Array {
  for (let step = 1; ; step++) {
    const { counts } = lattice.expect();
    if (step === 1) {
      const rare = livePieces(lattice).filter((piece) => piece >= 256 && (counts[piece] as number) < leastExpected);
      rare.sort((a, b) => (counts[a] as number) - (counts[b] as number) || b - a);
      const dropped = new Set(rare.slice(0, Math.max(0, livePieces(lattice).length - target)));
      lattice.drop((piece) => !dropped.has(piece));
      for (const piece of dropped) counts[piece] = 0;
    }
    lattice.setCounts(counts);
    if (step === steps) return counts;
  }
}

function livePieces({ probabilities }: UnigramLattice): number[] {
  return Array.from(probabilities.keys()).filter((piece) => (probabilities[piece] as number) > 0);
}

/**
 * Pieces of more than a byte, those first whose removal would cost most: expected count × what the logarithm of the
 * probability would fall by, were the piece written in the best way without itself (Kudo 2018, section 3.2, step 2b).
 */
function mostNeeded(lattice: UnigramLattice, live: readonly number[], counts: Float64Array): number[] {
  const scored = live.map((id) => ({ id, bytes: lattice.pieces[id] as Uint8Array, score: Math.log(lattice.probabilities[id] as number) }));
  const model = new UnigramModel(scored);
  const scoreOf = new Map(scored.map(({ id, score }) => [id, score]));
  const cut = new IntList();
  const losses = new Map<number, number>();
  for (const { id, bytes, score } of scored) {
    if (id < 256) continue;
    cut.length = 0;
    model.encode(bytes, bytes.length, cut, bytes.length - 1);
    let other = 0;
    for (const part of cut.data.subarray(0, cut.length)) other += scoreOf.get(part) as number;
    losses.set(id, (counts[id] as number) * (score - other));
  }
  return [...losses].sort(([a, x], [b, y]) => y - x || a - b).map(([id]) => id);
}

/** The `vocab` of the model: special tokens, the bytes, then the pieces, the most probable first; with their scores. */
function vocabulary(lattice: UnigramLattice, specialTokens: readonly string[]): [token: string, score: number][] {
  const score = (piece: number): number => Math.log(lattice.probabilities[piece] as number);
  const pieces = livePieces(lattice).filter((piece) => piece >= 256);
  pieces.sort((a, b) => score(b) - score(a) || a - b);
  return [
    ...specialTokens.map((token): [string, number] => [token, 0]),
    ...byteOrder.map((byte): [string, number] => [byteCharacters[byte] as string, score(byte)]),
    ...pieces.map((piece): [string, number] => [spell(lattice.pieces[piece] as Uint8Array), score(piece)]),
  ];
}

/** Words in UTF-8; long ones, as in texts without spaces, in parts of whole characters. */
function asBytes(counter: WordCounter): ByteWords {
  const starts = new IntList();
  const counts: number[] = [];
  let bytes = new Uint8Array(2 ** 16);
  let length = 0;
  starts.push(0);
  const add = (text: string, from: number, to: number, count: number): void => {
    if (length + 3 * (to - from) > bytes.length) {
      const larger = new Uint8Array(bytes.length * 2);
      larger.set(bytes);
      bytes = larger;
    }
    length += writeUtf8(text, from, to, bytes.subarray(length));
    starts.push(length);
    counts.push(count);
  };
  for (let w = 0; w < counter.size; w++) {
    const word = counter.word(w);
    let from = 0;
    for (const to of cuts(word)) {
      add(word, from, to, counter.count(w));
      from = to;
    }
  }
  return { bytes: bytes.slice(0, length), starts: starts.toArray(), counts: Float64Array.from(counts) };
}

/** Where to cut a word so that no part has more than `longestWord` bytes: between characters, and at its end. */
function cuts(word: string): number[] {
  if (word.length * 3 <= longestWord) return [word.length];
  const ends: number[] = [];
  let bytes = 0;
  let at = 0;
  for (const character of word) {
    const code = character.codePointAt(0) as number;
    const more = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    if (bytes + more > longestWord) {
      ends.push(at);
      bytes = 0;
    }
    bytes += more;
    at += character.length;
  }
  ends.push(word.length);
  return ends;
}
