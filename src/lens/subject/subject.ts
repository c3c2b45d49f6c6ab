import type { HostArray } from '../../core/index.js';
import type { Module } from '../../nn/index.js';
import type { Tensor } from '../../ops/index.js';
import type { GraphInput } from '../../runtime/index.js';

/** Arrays that a program is fed, by the names of its inputs. */
export type Feeds = Readonly<Record<string, HostArray>>;

/** What is looked into: a model, and how a prompt becomes its inputs. Everything else of the lens is the same for all. */
export interface Subject<P, M extends Module = Module> {
  readonly model: M;
  /** The inputs of its programs; sizes that prompts decide are named. */
  readonly inputs: readonly GraphInput[];
  /** @throws value, shape, tokenizer: a prompt that the model cannot be run on */
  feeds(prompt: P): Feeds;
  /** What the model computes of its inputs, in evaluation. */
  trace(model: M, inputs: Readonly<Record<string, Tensor>>): Tensor;
  /** What the places are called that the axis `position` or `key` of a site counts, of the first row: of tokens, their text. */
  labels(feeds: Feeds, site: string, axis: 'position' | 'key'): readonly string[];
  /** For each position the token that follows, −100 where none does; of models that predict it. */
  targets?(feeds: Feeds): readonly (readonly number[])[];
  /** The id of a token that is written as text. @throws tokenizer: without one, or text of another number of tokens */
  tokenId(text: string): number;
}
