import type { DType } from '../core/index.js';
import type { RandomMaskAttrs } from '../ops/emitter.js';
import type { Parameter } from '../ops/index.js';
import type { Spec } from '../ops/spec.js';

/** What an ONNX graph input stands for. */
export type Binding =
  | { readonly kind: 'input'; readonly name: string; readonly spec: Spec }
  | { readonly kind: 'parameter'; readonly name: string; readonly shape: readonly number[]; readonly parameter: Parameter }
  | { readonly kind: 'mask'; readonly name: string; readonly mask: RandomMaskAttrs };

/** A declared output. */
export interface OutputBinding {
  readonly name: string;
  readonly dtype: DType;
}
