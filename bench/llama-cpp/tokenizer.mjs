// A tokenizer for random models: llama.cpp opens no GPT-2 without one.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Puts it into a model's folder.
 * @param {string} folder
 * @param {number} size
 */
export function writeTokenizer(folder, size) {
  writeFileSync(join(folder, 'tokenizer.json'), JSON.stringify(byteTokenizer(size)));
  writeFileSync(join(folder, 'tokenizer_config.json'), JSON.stringify({ tokenizer_class: 'GPT2Tokenizer' }));
}

/**
 * A byte-level BPE of a size: 256 bytes, and pairs of them in order as merges. It reads any text, and loads as the real one of that size does.
 * @param {number} size
 */
function byteTokenizer(size) {
  // GPT-2's alphabet: printable bytes stand for themselves, the others for letters from 256 on.
  const letters = Array.from({ length: 256 }, (_, byte) => byte);
  const plain = letters.filter((b) => (b >= 33 && b <= 126) || (b >= 161 && b <= 172) || b >= 174);
  const others = letters.filter((b) => !plain.includes(b));
  const alphabet = letters.map((b) => String.fromCodePoint(plain.includes(b) ? b : 256 + others.indexOf(b)));
  const merges = alphabet.flatMap((a) => alphabet.map((b) => [a, b])).slice(0, size - 256);
  const vocab = Object.fromEntries([...alphabet, ...merges.map((pair) => pair.join(''))].map((token, id) => [token, id]));
  const level = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true };
  return {
    version: '1.0',
    added_tokens: [],
    normalizer: null,
    pre_tokenizer: level,
    post_processor: null,
    decoder: level,
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: '',
      end_of_word_suffix: '',
      fuse_unk: false,
      vocab,
      merges,
    },
  };
}
