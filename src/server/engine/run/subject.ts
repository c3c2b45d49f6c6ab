import type { HostArray, Shape } from '../../../core/index.js';
import type { Module } from '../../../nn/index.js';
import type { Tensor } from '../../../ops/index.js';
import type { GraphInput } from '../../../runtime/index.js';
import type { ModelKind, Prompt, RunInfo } from '../../protocol/index.js';

/** A prompt as a model takes it. */
export interface Prepared extends Pick<RunInfo, 'tokens' | 'source' | 'grid' | 'picture' | 'leftOut' | 'text'> {
  /** Of models of tokens: the ids it is run on; of a translation, the target's. */
  readonly ids?: readonly number[];
  readonly feeds: Readonly<Record<string, HostArray>>;
}

/** A model's computation over declared inputs. */
export interface Traced {
  readonly inputs: readonly GraphInput[];
  readonly result: Tensor;
}

/** What is looked into, whatever it takes. */
export interface Subject {
  readonly kind: ModelKind;
  readonly model: Module;
  /** C, of the stream. */
  readonly width: number;
  readonly context: number;
  readonly vocabulary: number;
  /** What the last axis of its result means. */
  readonly labels: readonly string[] | undefined;
  /** Whether the result has a row for each token, as a language model's logits have. */
  readonly isPerToken: boolean;
  /** @throws value, file, unsupported: a prompt that it cannot take */
  prepare(prompt: Prompt): Promise<Prepared>;
  /** Of inputs of such shapes; sizes that are left open are named. */
  trace(shapes?: Readonly<Record<string, Shape>>): Traced;
  /** A readable string for an id, or a label. */
  textOf(id: number): string;
}
