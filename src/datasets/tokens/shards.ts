import { files } from '#files';
import type { RangeReader } from '../../core/files/files.js';
import { fail } from '../../core/index.js';
import type { TokenSequence } from '../data.js';
import { checkRange } from './sequence.js';
import { documentsFile, indexFile, parseIndex, type ShardIndex, shardFile, unpackIds } from './shard-format.js';

/** Token ids in files: each read takes just its bytes from the disk, and nothing is kept in memory. */
export class ShardedTokens implements TokenSequence {
  readonly length: number;
  readonly documents?: Float64Array;
  readonly where: string;
  readonly #folder: string;
  readonly #index: ShardIndex;
  readonly #shards: readonly RangeReader[];

  private constructor(folder: string, where: string, index: ShardIndex, shards: readonly RangeReader[], documents: Float64Array) {
    this.length = index.tokens;
    this.where = where;
    if (documents.length > 1) this.documents = documents;
    this.#folder = folder;
    this.#index = index;
    this.#shards = shards;
  }

  /**
   * Opens a folder of shards.
   *
   * @param where what the text is known as
   * @returns undefined where there is none, or one that is not whole: the caller makes it anew
   */
  static async open(folder: string, where: string): Promise<ShardedTokens | undefined> {
    const indexPath = files.join(folder, indexFile);
    if ((await files.stat(indexPath)).kind !== 'file') return undefined;
    const index = parseIndex(await files.readText(indexPath));
    if (index === undefined) return undefined;
    const { tokens, width, shardTokens, documents } = index;
    const count = Math.ceil(tokens / shardTokens);
    const isWhole = async (path: string, bytes: number): Promise<boolean> => {
      const stat = await files.stat(path);
      return stat.kind === 'file' && stat.bytes === bytes;
    };
    const documentsPath = files.join(folder, documentsFile);
    if (!(await isWhole(documentsPath, 8 * documents))) return undefined;
    const paths = Array.from({ length: count }, (_, i) => files.join(folder, shardFile(i)));
    for (const [i, path] of paths.entries()) {
      if (!(await isWhole(path, width * Math.min(shardTokens, tokens - i * shardTokens)))) return undefined;
    }
    const starts = new Float64Array((await files.readBytes(documentsPath)).slice().buffer);
    const shards: RangeReader[] = [];
    try {
      for (const path of paths) shards.push(await files.openRange(path));
    } catch (error) {
      await Promise.all(shards.map((shard) => shard.close()));
      throw error;
    }
    return new ShardedTokens(folder, where, index, shards, starts);
  }

  async read(start: number, end: number): Promise<Int32Array> {
    checkRange(this, start, end);
    const { shardTokens } = this.#index;
    const first = Math.floor(start / shardTokens);
    if (end <= (first + 1) * shardTokens) return this.#readShard(first, start - first * shardTokens, end - start);
    const ids = new Int32Array(end - start);
    for (let at = start; at < end; ) {
      const shard = Math.floor(at / shardTokens);
      const until = Math.min(end, (shard + 1) * shardTokens);
      ids.set(await this.#readShard(shard, at - shard * shardTokens, until - at), at - start);
      at = until;
    }
    return ids;
  }

  async #readShard(shard: number, offset: number, count: number): Promise<Int32Array> {
    if (count === 0) return new Int32Array(0);
    const { width, vocabulary } = this.#index;
    const bytes = await (this.#shards[shard] as RangeReader).read(offset * width, count * width);
    const ids = unpackIds(bytes, width, vocabulary);
    if (ids !== undefined) return ids;
    throw fail('file', {
      where: files.join(this.#folder, shardFile(shard)),
      rule: `token ids below ${vocabulary}`,
      got: 'others: the file is damaged',
      fix: 'Remove its folder, and it is made anew',
    });
  }

  /** Closes the files. */
  async close(): Promise<void> {
    await Promise.all(this.#shards.map((shard) => shard.close()));
  }
}
