import { generateStories } from '#dist/datasets/index.js';
import { trainBpe } from '#dist/tokenizers/index.js';
import { corpus } from '../../tokenizers/texts.js';

/** The forms of byte-level tokenizers in published checkpoints, by llama.cpp's names for them. */
export const kinds = ['gpt-2', 'llama-bpe', 'smaug-bpe', 'qwen2', 'smollm', 'default'] as const;
export type Kind = (typeof kinds)[number];

type Json = Record<string, unknown>;
const gpt2Words = "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)";
let trained: Promise<Json> | undefined;

/** The tokenizer's two files as a published checkpoint of the kind has them, with a small vocabulary of our own. */
export async function publishedTokenizer(kind: Kind): Promise<{ json: Json; config: Json }> {
  const specialTokens = ['<|begin|>', '<|end|>', '<|im_start|>'];
  const text =
    corpus + generateStories({ seed: 4, characters: 20_000 }) + '1234 2024 99 عربي مرحبا é è الع \n\n\t\t    x = 1\r\n'.repeat(20);
  trained ??= trainBpe(text, { size: 700, specialTokens }).then((t) => t.toJson() as Json);
  const json = structuredClone(await trained);
  const level = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true };
  const split = (Regex: string): Json => ({ type: 'Split', pattern: { Regex }, behavior: 'Isolated', invert: false });
  const words = (digits: string): string =>
    `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|${digits}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+`;
  const sequence = (...parts: Json[]): Json => ({ type: 'Sequence', pretokenizers: parts });
  const preTokenizers: Readonly<Record<Kind, Json>> = {
    'gpt-2': { ...level, use_regex: true },
    'llama-bpe': sequence(split(words('\\p{N}{1,3}')), { ...level, use_regex: false }),
    'smaug-bpe': sequence(split(words('\\p{N}{1,3}')), { ...level, use_regex: false }),
    qwen2: sequence(split(words('\\p{N}')), { ...level, use_regex: false }),
    smollm: sequence(split('\\p{N}'), { ...level, use_regex: true }),
    // No published file has it; it is what llama.cpp does with files that name none.
    default: sequence(...['[\\p{P}\\$\\+<=>\\^~\\|]+', gpt2Words, '\\p{N}+', '[0-9][0-9][0-9]'].map(split), { ...level, use_regex: false }),
  };
  json.pre_tokenizer = preTokenizers[kind];
  json.model = { ...(json.model as Json), ignore_merges: kind === 'llama-bpe' };
  const begin = { SpecialToken: { id: '<|begin|>', type_id: 0 } };
  const text0 = { Sequence: { id: 'A', type_id: 0 } };
  const special_tokens = { '<|begin|>': { id: '<|begin|>', ids: [0], tokens: ['<|begin|>'] } };
  const frame = { type: 'TemplateProcessing', single: [begin, text0], pair: [begin, text0], special_tokens };
  if (kind === 'llama-bpe') json.post_processor = { type: 'Sequence', processors: [{ ...level, use_regex: true }, frame] };
  return { json, config: { bos_token: '<|begin|>', eos_token: '<|end|>', tokenizer_class: 'PreTrainedTokenizerFast' } };
}
