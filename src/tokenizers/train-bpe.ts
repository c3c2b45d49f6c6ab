import { byteCharacters, byteOrder } from './byte-alphabet.js';
import { byteLevelJson } from './byte-level-format.js';
import { IntList } from './int-list.js';
import { tokenizerFromJson } from './load.js';
import { type CountedWords, MergeLearner } from './merge-learner.js';
import { preTokenEnd } from './pre-tokens.js';
import type { Tokenizer } from './tokenizer.js';
import { checkAnyText, checkFrequency, checkSize, checkSpecialTokens, type MergingOptions, type Texts, trainedConfig } from './training.js';
import { writeUtf8 } from './utf8.js';
import { countWords, type WordCounter } from './word-counter.js';

/**
 * A byte-level BPE vocabulary (Sennrich et al. 2016, over bytes as in Radford et al. 2019), learned from texts: the
 * special tokens, the 256 bytes, and a token for each merge, most frequent first. The rules are those of Hugging Face's
 * `ByteLevel` (no prefix space, GPT-2's pattern) with its `BpeTrainer`: words are counted, the most frequent pair of
 * neighbours within words is merged, and of equal ones that with the lower ids. Special tokens in the texts are set aside.
 *
 * @param texts a text, several, or a stream: only different words stay in memory
 * @throws `value` for options out of range; `tokenizer` where the texts are empty
 * @example (await trainBpe('low lower lowest', { size: 260 })).encode('lower')
 */
export async function trainBpe(texts: Texts, options: MergingOptions): Promise<Tokenizer> {
  const { size, specialTokens = ['<|endoftext|>'], minFrequency = 2, onProgress } = options;
  checkSpecialTokens('trainBpe', specialTokens);
  checkSize('trainBpe', size, 256 + specialTokens.length, `256 bytes and ${specialTokens.length} special tokens`);
  checkFrequency('trainBpe', minFrequency);
  const words = await countWords(texts, preTokenEnd, specialTokens, onProgress);
  checkAnyText('trainBpe', words.size);

  const vocabulary = [...specialTokens, ...byteOrder.map((b) => byteCharacters[b] as string)];
  const ids = new Map(vocabulary.map((token, id) => [token, id]));
  const merges: string[] = [];
  const name = (left: number, right: number): number => {
    merges.push(`${vocabulary[left]} ${vocabulary[right]}`);
    const token = `${vocabulary[left]}${vocabulary[right]}`;
    const known = ids.get(token); // made before, of other parts
    if (known !== undefined) return known;
    ids.set(token, vocabulary.length);
    return vocabulary.push(token) - 1;
  };
  const learner = new MergeLearner(asBytes(words, specialTokens.length));
  while (vocabulary.length < size && learner.step(minFrequency, name)) {
    onProgress?.({ stage: 'learning', done: vocabulary.length, total: size });
  }
  const model = {
    type: 'BPE',
    dropout: null,
    unk_token: null,
    continuing_subword_prefix: null,
    end_of_word_suffix: null,
    fuse_unk: false,
    byte_fallback: false,
    ignore_merges: false,
    vocab: Object.fromEntries(ids),
    merges,
  };
  return tokenizerFromJson(byteLevelJson(specialTokens, model), trainedConfig(specialTokens));
}

/** Words as rows of the ids of their bytes, which begin at `firstId`. */
function asBytes(words: WordCounter, firstId: number): CountedWords {
  const idOfByte = new Int32Array(256);
  byteOrder.forEach((byte, place) => {
    idOfByte[byte] = firstId + place;
  });
  const symbols = new IntList();
  const ends = new IntList();
  const counts: number[] = [];
  for (let w = 0; w < words.size; w++) {
    const word = words.word(w);
    const bytes = new Uint8Array(word.length * 3);
    const length = writeUtf8(word, 0, word.length, bytes);
    for (let at = 0; at < length; at++) symbols.push(idOfByte[bytes[at] as number] as number);
    ends.push(symbols.length);
    counts.push(words.count(w));
  }
  return { symbols, ends, counts };
}
