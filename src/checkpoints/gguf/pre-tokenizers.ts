import type { JsonObject } from '../config.js';

/** How a byte-level BPE tokenizer of GGUF cuts text into words, and what llama.cpp goes by where the file says nothing. */
export interface PreTokenizer {
  /** Values of `tokenizer.ggml.pre` that mean it; the first is written. */
  readonly names: readonly string[];
  /** Patterns that cut one after the other, each what the ones before left; undefined for `ByteLevel`'s own, GPT-2's. */
  readonly patterns: readonly string[] | undefined;
  /** Whether a word that is a token is that token, whatever merges would make of it. */
  readonly ignoresMerges: boolean;
  /** Whether texts begin with the first token unless `tokenizer.ggml.add_bos_token` says otherwise. */
  readonly begins: boolean;
}

/** GPT-2's words (Radford et al. 2019), as llama.cpp has them: spaces at the end are what is left. */
const gpt2Words = "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)";

/** The words of GPT-4's vocabulary and its heirs, which differ in how many digits stand together. */
function gpt4Words(digits: string): string {
  const contractions = "(?i:'s|'t|'re|'ve|'m|'ll|'d)";
  return `${contractions}|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|${digits}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+`;
}

/** The names and patterns are llama.cpp's; patterns of one meaning are written as Hugging Face's files write them. */
const known: readonly PreTokenizer[] = [
  {
    names: ['gpt-2', 'phi-2', 'mpt', 'olmo', 'jais', 'gigachat', 'mellum', 'exaone4'],
    patterns: undefined,
    ignoresMerges: false,
    begins: false,
  },
  {
    names: ['llama-bpe', 'llama3', 'llama-v3', 'falcon3', 'falcon-h1', 'pixtral', 'midm-2.0', 'lfm2'],
    patterns: [gpt4Words('\\p{N}{1,3}')],
    ignoresMerges: true,
    begins: true,
  },
  { names: ['smaug-bpe', 'dbrx'], patterns: [gpt4Words('\\p{N}{1,3}')], ignoresMerges: false, begins: false },
  {
    names: ['qwen2', 'deepseek-r1-qwen', 'kormo', 'stablelm2', 'megrez', 'hunyuan', 'grok-2'],
    patterns: [gpt4Words('\\p{N}')],
    ignoresMerges: false,
    begins: false,
  },
  {
    names: ['smollm', 'starcoder', 'refact', 'command-r', 'codeshell', 'exaone', 'minerva-7b'],
    patterns: ['\\p{N}', gpt2Words],
    ignoresMerges: false,
    begins: false,
  },
  {
    names: ['default'],
    patterns: ['[\\p{P}\\$\\+<=>\\^~\\|]+', gpt2Words, '\\p{N}+', '[0-9][0-9][0-9]'],
    ignoresMerges: false,
    begins: false,
  },
];

/** All names that are known. */
export const preTokenizerNames: readonly string[] = known.flatMap(({ names }) => names);

/** What a file's `tokenizer.ggml.pre` means; undefined for a name that is not known. */
export function preTokenizerNamed(name: unknown): PreTokenizer | undefined {
  return known.find(({ names }) => names.includes(name as string));
}

/** The same as `pre_tokenizer` of `tokenizer.json`. */
export function preTokenizerJson({ patterns }: PreTokenizer): JsonObject {
  const level = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: patterns === undefined };
  if (patterns === undefined) return level;
  return { type: 'Sequence', pretokenizers: [...patterns.map(splitJson), level] };
}

function splitJson(pattern: string): JsonObject {
  return { type: 'Split', pattern: { Regex: pattern }, behavior: 'Isolated', invert: false };
}

/** The pre-tokenizer of a `tokenizer.json`; undefined where GGUF has no name for it. */
export function preTokenizerOf(json: unknown, ignoresMerges: boolean): PreTokenizer | undefined {
  const patterns = patternsOf(json);
  if (patterns === false) return undefined;
  const same = (one: PreTokenizer): boolean => String(one.patterns) === String(patterns) && one.ignoresMerges === ignoresMerges;
  return known.find(same);
}

/** The patterns, undefined for GPT-2's own, or false for another form. */
function patternsOf(json: unknown): readonly string[] | undefined | false {
  const { type, pretokenizers } = (json ?? {}) as JsonObject;
  const parts = (type === 'Sequence' && Array.isArray(pretokenizers) ? pretokenizers : [json]) as readonly (JsonObject | null)[];
  const last = parts.at(-1);
  if (last?.type !== 'ByteLevel' || last.add_prefix_space === true) return false;
  const words = last.use_regex === false ? [] : [gpt2Words];
  if (parts.length === 1) return words.length === 1 ? undefined : false;
  const split = parts.slice(0, -1).map((part) => {
    if (part?.type === 'Digits' && part.individual_digits === true) return '\\p{N}';
    const pattern = ((part?.pattern ?? {}) as JsonObject).Regex;
    return part?.type === 'Split' && part.behavior === 'Isolated' && part.invert !== true ? pattern : undefined;
  });
  return split.every((pattern) => typeof pattern === 'string') ? [...split, ...words] : false;
}
