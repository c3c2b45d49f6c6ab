import { files } from '#files';
import { fail, HeadlightError } from '../../core/index.js';
import type { Tokenizer } from '../../tokenizers/index.js';
import type { TokenSequence } from '../data.js';
import { hashText } from '../text/content-hash.js';
import type { TextSource } from '../text/source.js';
import { type EncodeOptions, encodeDocuments } from './encode.js';
import { GrowingTokens } from './growing.js';
import { MemoryTokens } from './sequence.js';
import { formatVersion } from './shard-format.js';
import { ShardWriter } from './shard-writer.js';
import { ShardedTokens } from './shards.js';

/** Sources of up to this many bytes are tokenised in memory: it takes seconds. */
const mostInMemory = 2 ** 25;
/** A temporary folder that nobody has written to for so long was left by a process that was killed. */
const idleSeconds = 3600;

export interface TokenizeOptions {
  /** The folder under which tokens of large sources are kept. Default: `files.cacheFolder()`. */
  readonly cache?: string;
  /** Hears how many of how many bytes are tokenised. */
  readonly onProgress?: (bytes: number, total: number) => void;
  readonly signal?: AbortSignal;
  /** The most bytes of source that are held in memory as tokens. Default 32 MiB. */
  readonly mostInMemory?: number;
  /** Tokens per file of the cache. Default 2²⁶. */
  readonly shardTokens?: number;
}

/** Says whether a data set is the one it was: kept in a run's record. */
export interface DataFingerprint {
  /** Of the content of the source. */
  readonly hash: string;
  readonly tokens: number;
}

/** A source's tokens. */
export interface SourceTokens extends TokenSequence {
  readonly where: string;
  /** Closes files, where tokens are in files. */
  close(): Promise<void>;
}

/**
 * All tokens of a source: in memory where it is small, else in files, made once. They are kept under a key of the content
 * of the source, the tokenizer and the format, so that a source that moves is found, and one that changes is made anew.
 *
 * Between documents stands `<|endoftext|>` where the vocabulary has it, else a blank line.
 *
 * @throws `tokenizer` for text that the vocabulary cannot express; `file` for what is no text, or changes meanwhile;
 * `storage` for a disk that is full; the signal's reason
 * @example const tokens = await tokenize(await openText('plays.txt'), tokenizer);
 */
export async function tokenize(source: TextSource, tokenizer: Tokenizer, options: TokenizeOptions = {}): Promise<SourceTokens> {
  const { onProgress, signal } = options;
  const isSmall = source.bytes <= (options.mostInMemory ?? mostInMemory);
  const encoding: EncodeOptions = {
    wholeDocuments: isSmall,
    onProgress: (bytes) => onProgress?.(bytes, source.bytes),
    ...(signal && { signal }),
  };
  const cache = options.cache ?? files.cacheFolder();
  if (!isSmall && cache !== undefined) return tokenizeToFiles(source, tokenizer, cache, encoding, options.shardTokens);

  const tokens = new GrowingTokens();
  const documents = await encodeDocuments(source, tokenizer, tokens, encoding);
  const sequence = new MemoryTokens(tokens.ids(), { where: source.name, ...(documents.length > 1 && { documents }) });
  return Object.assign(sequence, { where: source.name, close: async () => {} });
}

/** @returns what a run's record keeps of its data */
export async function fingerprint(source: TextSource, tokens: TokenSequence): Promise<DataFingerprint> {
  return { hash: await source.hash(), tokens: tokens.length };
}

async function tokenizeToFiles(
  source: TextSource,
  tokenizer: Tokenizer,
  cache: string,
  encoding: EncodeOptions,
  shardTokens?: number,
): Promise<SourceTokens> {
  const all = files.join(cache, 'tokens');
  const key = await hashText(JSON.stringify([formatVersion, await source.hash(), tokenizer.toJson()]));
  const folder = files.join(all, key.slice(0, 32));
  const kept = await ShardedTokens.open(folder, source.name);
  if (kept !== undefined) return kept;

  try {
    await files.remove(folder); // whatever lies there is not whole
    await files.makeFolder(all);
    await files.removeTemporaries(all, idleSeconds);
  } catch (error) {
    throw cacheTrouble(error, cache);
  }
  try {
    await files.writeFolderAtomic(folder, async (temporary) => {
      const writer = new ShardWriter(temporary, tokenizer.size, shardTokens);
      try {
        const documents = await encodeDocuments(source, tokenizer, writer, encoding);
        await writer.finish(documents, source.sources);
      } catch (error) {
        await writer.abandon();
        throw error;
      }
    });
  } catch (error) {
    // Another process may have made it meanwhile.
    const others = await ShardedTokens.open(folder, source.name).catch(() => undefined);
    if (others !== undefined) return others;
    throw error instanceof HeadlightError && error.message.startsWith(all) ? cacheTrouble(error, cache) : error;
  }
  const made = await ShardedTokens.open(folder, source.name);
  if (made !== undefined) return made;
  throw fail('file', { where: folder, rule: 'the tokens just written', got: 'others', fix: 'Does anything else write there?' });
}

/** A cache that cannot be written, with what to do about it. */
function cacheTrouble(error: unknown, cache: string): unknown {
  if (!(error instanceof HeadlightError)) return error;
  return fail(error.code, {
    where: cache,
    rule: 'a folder with room, to keep the tokens of a large text in',
    ...(error.got !== undefined && { got: error.got }),
    fix: `${error.code === 'storage' ? 'Free some space, or set' : 'Set'} HEADLIGHT_CACHE to another folder`,
    cause: error,
  });
}
