import type { PlacedFile } from '../core/files/files.js';
import type { HostArray } from '../core/index.js';
import type { Config, JsonObject } from './config.js';
import type { BlockMemory, FloatBlocks } from './float-blocks.js';

/** What a tensor is, before it is read. */
export interface StoredTensor {
  /** As its file names it: F32, BF16, Q8_0, … */
  readonly dtype: string;
  /** In Hugging Face's order of axes. */
  readonly shape: readonly number[];
  /** Bytes in the file. */
  readonly bytes: number;
}

/** A tensor's bytes in a file. */
export interface TensorPlace {
  readonly file: PlacedFile;
  readonly offset: number;
  /** Whether the matrix lies there as its transpose. */
  readonly transposed: boolean;
}

/** Named tensors, each read when asked for. */
export interface TensorSource {
  /** The file or folder; stands in errors. */
  readonly path: string;
  readonly names: readonly string[];
  has(name: string): boolean;
  /** @throws `name` for a tensor that is not there */
  info(name: string): StoredTensor;
  /** One tensor, halves and quantised blocks widened to float32. Nothing of it is kept. */
  load(name: string): Promise<HostArray>;
  /** Where a float32 tensor lies, as it is, in a file on a disk; `undefined` for others. */
  place?(name: string): Promise<TensorPlace | undefined>;
  /** What `load` gives, block by block; `undefined` for a tensor that must be read as a whole. */
  blocks?(name: string, memory: BlockMemory): FloatBlocks | undefined;
  /** Idempotent. */
  close(): Promise<void>;
}

/** What the tokenizer's two files would hold, for formats that carry a tokenizer of their own. */
export interface TokenizerFiles {
  /** `tokenizer.json`. */
  readonly json: JsonObject;
  /** `tokenizer_config.json`. */
  readonly config: JsonObject;
}

/** Weights and configuration under Hugging Face's names and in its layouts, whatever files they come from. */
export interface CheckpointSource extends TensorSource {
  readonly format: 'safetensors' | 'gguf' | 'llama2.c';
  /** As `config.json` says it, or would say it. */
  readonly config: Config;
  /**
   * The tokenizer that stands in the weights' file itself; `undefined` where there is none.
   * @throws `unsupported` for one of a kind that is not known
   */
  tokenizer(): TokenizerFiles | undefined;
}
