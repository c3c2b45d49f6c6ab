import { fail } from '../../core/index.js';
import {
  mixture,
  parseTask,
  pieces,
  sampleText,
  splitTokens,
  type TaskSample,
  type TextSource,
  type TrainingData,
  textData,
  tokenize,
} from '../../datasets/index.js';
import { hashText } from '../../datasets/text/content-hash.js';
import {
  loadTokenizer,
  type Tokenizer,
  trainBpe,
  trainCharacterTokenizerFrom,
  trainUnigram,
  trainWordPiece,
} from '../../tokenizers/index.js';
import { openSource } from '../source.js';
import type { Settings } from './settings.js';

/** What a run learns from, as `trainer.json` keeps it. */
export interface DataRecord {
  /** As the person named them; empty for tasks. */
  readonly sources: readonly string[];
  /** SHA-256 of each one's content. */
  readonly hashes: readonly string[];
  /** SHA-256 of the tokenizer's JSON. */
  readonly tokenizer: string;
  /** Tokens that the model knows. */
  readonly vocabulary: number;
}

/** Data ready to be learned from. */
export interface PreparedData {
  readonly data: TrainingData;
  readonly tokenizer: Tokenizer;
  readonly record: Omit<DataRecord, 'vocabulary'>;
  /** What samples go on from. */
  readonly prompt: readonly number[];
  /** Of tasks: a question that is kept from learning, and its answer. */
  readonly example?: TaskSample;
}

export interface PrepareOptions {
  /** Where tokenised data are kept. */
  readonly cache?: string | undefined;
  /** Hears the content of each text before it is tokenised; may refuse it. */
  readonly onContent?: (record: Pick<DataRecord, 'sources' | 'hashes'>) => void;
  /** Hears what is being done with large data. */
  readonly note?: (line: string) => void;
  /** Texts that were prepared before, by what prepared them: runs of a sweep share them. */
  readonly shelf?: Map<string, Promise<PreparedData>>;
}

/** A vocabulary is made of this much text at most, taken evenly from all of it. */
const sampleBytes = 64 * 2 ** 20;

/** The data of a task, with its own vocabulary. */
export async function prepareTask({ task, seed }: Pick<Settings, 'task' | 'seed'>): Promise<PreparedData> {
  const found = parseTask(task);
  const { tokenizer } = found;
  const example = found.question(seed, 0);
  const prompt = tokenizer.encode(example.prompt, { specialTokens: false });
  return { data: found.data(), tokenizer, prompt, example, record: { sources: [], hashes: [], tokenizer: await tokenizerHash(tokenizer) } };
}

/** What a tokenizer is recognised by. */
export function tokenizerHash(tokenizer: Tokenizer): Promise<string> {
  return hashText(JSON.stringify(tokenizer.toJson()));
}

/**
 * Reads, tokenises and splits texts.
 *
 * @param tokenizer the one to use; made as `settings.tokenizer` says where it is undefined
 * @throws file, tokenizer, value: every kind of bad data, each naming its source
 */
export function prepareTexts(
  names: readonly string[],
  settings: TextSettings,
  tokenizer: Tokenizer | undefined,
  options: PrepareOptions = {},
): Promise<PreparedData> {
  const { tokenizer: kind, weights, column, order, context } = settings;
  const key = JSON.stringify([names, kind, weights, column, order, context]);
  const known = tokenizer === undefined ? options.shelf?.get(key) : undefined;
  const prepared = known ?? readTexts(names, settings, tokenizer, options);
  if (tokenizer === undefined) options.shelf?.set(key, prepared);
  return prepared;
}

type TextSettings = Pick<Settings, 'tokenizer' | 'weights' | 'column' | 'order' | 'context'>;

async function readTexts(
  names: readonly string[],
  settings: TextSettings,
  tokenizer: Tokenizer | undefined,
  { cache, note = () => {}, onContent }: PrepareOptions,
): Promise<PreparedData> {
  const weights = parseWeights(settings.weights, names);
  const sources: TextSource[] = [];
  for (const name of names) sources.push(await openSource(name, settings.column));
  if (onContent) onContent({ sources: [...names], hashes: await Promise.all(sources.map((source) => source.hash())) });
  const used = tokenizer ?? (await makeTokenizer(settings.tokenizer, sources, note));
  const parts: TrainingData[] = [];
  for (const source of sources) {
    const tokens = await tokenize(source, used, { ...(cache !== undefined && { cache }), onProgress: progressOf(source, note) });
    const { context, order } = settings;
    parts.push(textData(splitTokens(tokens, { context }), { order }));
  }
  const data =
    parts.length === 1 ? (parts[0] as TrainingData) : mixture(parts.map((part, i) => ({ data: part, weight: weights?.[i] ?? part.size })));
  const hashes = await Promise.all(sources.map((source) => source.hash()));
  return {
    data,
    tokenizer: used,
    prompt: beginningOf(used),
    record: { sources: [...names], hashes, tokenizer: await tokenizerHash(used) },
  };
}

/** Whether texts are those that a record is of. */
export function sameTexts(record: DataRecord, { hashes }: Pick<DataRecord, 'hashes'>): boolean {
  return record.hashes.length === hashes.length && record.hashes.every((hash, i) => hash === hashes[i]);
}

/** @throws tokenizer: a kind that there is not, a size out of range, a folder without a tokenizer */
async function makeTokenizer(kind: string, sources: readonly TextSource[], note: (line: string) => void): Promise<Tokenizer> {
  if (kind === 'char') return trainCharacterTokenizerFrom(each(sources, pieces));
  const [, name, digits] = /^(bpe|wordpiece|unigram)(?::(.*))?$/.exec(kind) ?? [];
  if (name === undefined) {
    const loaded = await loadTokenizer(kind);
    if (loaded !== undefined) return loaded;
    throw fail('tokenizer', {
      where: '--tokenizer',
      rule: 'char, bpe:SIZE, wordpiece:SIZE, unigram:SIZE, or a folder with a tokenizer.json',
      got: kind,
      fix: 'Check the path',
    });
  }
  const size = /^\d{1,7}$/.test(digits ?? '') ? Number(digits) : Number.NaN;
  if (!(size >= 300 && size <= 1_000_000)) {
    const rule = `${name}:SIZE with a SIZE from 300 to 1000000`;
    throw fail('tokenizer', { where: '--tokenizer', rule, got: kind, fix: `Write --tokenizer ${name}:4096` });
  }
  const texts = each(sources, (source) => sampleText(source, sampleBytes / sources.length));
  note(`making a vocabulary of ${size.toLocaleString('en')} tokens`);
  const train = { bpe: trainBpe, wordpiece: trainWordPiece, unigram: trainUnigram }[name as 'bpe' | 'wordpiece' | 'unigram'];
  const made = await train(texts, { size });
  if (made.size < size) note(`the data give only ${made.size.toLocaleString('en')} tokens`);
  return made;
}

async function* each(sources: readonly TextSource[], read: (source: TextSource) => AsyncIterable<string>): AsyncGenerator<string> {
  for (const source of sources) yield* read(source);
}

/** Says how far tokenising is, a line per tenth of a large source. */
function progressOf(source: TextSource, note: (line: string) => void): (bytes: number) => void {
  let tenth = 0;
  return (bytes) => {
    const now = Math.floor((10 * bytes) / source.bytes);
    if (source.bytes < 64 * 2 ** 20 || now <= tenth) return;
    tenth = now;
    note(`tokenising ${source.name}: ${10 * now}%`);
  };
}

/** @throws value: not one positive number for each source */
function parseWeights(text: string, names: readonly string[]): number[] | undefined {
  if (text === '') return undefined;
  if (names.length === 1)
    throw fail('value', { where: '--weights', rule: 'several data to draw from', got: names.join(), fix: 'Leave it out' });
  const weights = text.split(',').map((w) => (w.trim() === '' ? Number.NaN : Number(w)));
  if (weights.length === names.length && weights.every((w) => w > 0 && Number.isFinite(w))) return weights;
  throw fail('value', { where: '--weights', rule: `a number above 0 for each of the ${names.length} data, such as 3,1`, got: text });
}

/** What a text begins after: the end of another where the vocabulary has a token for it, else a line's end. */
function beginningOf(tokenizer: Tokenizer): number[] {
  const end = tokenizer.idOf('<|endoftext|>');
  if (end !== undefined) return [end];
  try {
    const ids = tokenizer.encode('\n', { specialTokens: false });
    if (ids.length > 0) return ids;
  } catch {
    // A vocabulary without line ends.
  }
  return [0];
}
