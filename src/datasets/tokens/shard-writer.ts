import { files } from '#files';
import type { FileWriter } from '../../core/files/files.js';
import type { TokenSink } from './encode.js';
import { documentsFile, formatVersion, indexFile, packIds, type ShardIndex, shardFile, shardTokens, widthFor } from './shard-format.js';

/** Ids are gathered to this many before they are written: rows of a table are short. */
const bufferTokens = 2 ** 20;

/** Writes a folder of shards, from the first token to the last. */
export class ShardWriter implements TokenSink {
  length = 0;
  readonly #folder: string;
  readonly #vocabulary: number;
  readonly #perShard: number;
  readonly #buffer = new Int32Array(bufferTokens);
  #buffered = 0;
  #shard: FileWriter | undefined;
  #shards = 0;
  /** Tokens of the shard under way. */
  #filled = 0;

  constructor(folder: string, vocabulary: number, perShard = shardTokens) {
    this.#folder = folder;
    this.#vocabulary = vocabulary;
    this.#perShard = perShard;
  }

  add(ids: Int32Array): Promise<void> | undefined {
    this.length += ids.length;
    if (this.#buffered + ids.length >= bufferTokens) return this.#addThrough(ids);
    this.#buffer.set(ids, this.#buffered);
    this.#buffered += ids.length;
    return undefined;
  }

  async #addThrough(ids: Int32Array): Promise<void> {
    for (let rest = ids; rest.length > 0; ) {
      const taken = rest.subarray(0, bufferTokens - this.#buffered);
      this.#buffer.set(taken, this.#buffered);
      this.#buffered += taken.length;
      rest = rest.subarray(taken.length);
      if (this.#buffered === bufferTokens) await this.#writeBuffer();
    }
  }

  async #writeBuffer(): Promise<void> {
    for (let rest = this.#buffer.subarray(0, this.#buffered); rest.length > 0; ) {
      this.#shard ??= await files.createFile(files.join(this.#folder, shardFile(this.#shards)));
      const taken = rest.subarray(0, this.#perShard - this.#filled);
      await this.#shard.write(packIds(taken, widthFor(this.#vocabulary), this.#vocabulary));
      this.#filled += taken.length;
      rest = rest.subarray(taken.length);
      if (this.#filled === this.#perShard) await this.#closeShard();
    }
    this.#buffered = 0;
  }

  async #closeShard(): Promise<void> {
    await this.#shard?.close();
    this.#shard = undefined;
    this.#shards++;
    this.#filled = 0;
  }

  /** Writes what is left, where documents begin, and the index. */
  async finish(documents: readonly number[], sources: readonly string[]): Promise<void> {
    await this.#writeBuffer();
    if (this.#filled > 0) await this.#closeShard();
    await files.writeAtomic(files.join(this.#folder, documentsFile), new Uint8Array(Float64Array.from(documents).buffer));
    const index: ShardIndex = {
      version: formatVersion,
      tokens: this.length,
      width: widthFor(this.#vocabulary),
      vocabulary: this.#vocabulary,
      shardTokens: this.#perShard,
      documents: documents.length,
      sources,
    };
    await files.writeAtomic(files.join(this.#folder, indexFile), `${JSON.stringify(index, null, 2)}\n`);
  }

  /** Closes the file under way, where writing ends early. */
  async abandon(): Promise<void> {
    await this.#shard?.discard();
    this.#shard = undefined;
  }
}
