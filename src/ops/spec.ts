import { type DType, formatShape, type Shape } from '../core/index.js';

/** What is known of a value before anything runs. */
export interface Spec {
  readonly shape: Shape;
  readonly dtype: DType;
}

/** `[B,T,C] float32`, as it stands in errors. */
export function formatSpec(spec: Spec): string {
  return `${formatShape(spec.shape)} ${spec.dtype}`;
}
