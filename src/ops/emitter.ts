import type { DType, HostArray, Shape } from '../core/index.js';
import type { ScanBody } from './control/scan-body.js';
import type { Parameter } from './parameter.js';
import type { Spec } from './spec.js';

/** What a graph is lowered for. */
export interface Target {
  readonly provider: 'cpu' | 'wasm' | 'webgpu';
  /** True: only ONNX's own operators, so that any ONNX Runtime, of any maker, can open the model. */
  readonly plain: boolean;
}

/** An ONNX attribute as ops write it; a bare number is an integer. */
export type EmitAttribute = number | string | readonly number[] | { readonly float: number };

export interface EmitOptions {
  readonly attributes?: Readonly<Record<string, EmitAttribute>>;
  readonly domain?: string;
}

/** A dropout mask as a graph asks for it; the runtime draws it. */
export interface RandomMaskAttrs {
  readonly shape: readonly number[];
  /** Probability that an element is kept. */
  readonly keep: number;
  /** Names the stream of random bits; two masks of one program never share one. */
  readonly stream: string;
}

/** How ops write ONNX. Values are named by strings; an empty name is an omitted optional input. */
export interface Emitter {
  readonly target: Target;
  /** Whether operators of the domain `com.microsoft` may be used: CPU and WebAssembly, not in a plain model. */
  readonly fused: boolean;
  /** One node with one output. */
  one(type: string, inputs: readonly string[], options?: EmitOptions): string;
  /** One node with several outputs. */
  many(type: string, inputs: readonly string[], outputs: number, options?: EmitOptions): string[];
  constant(value: HostArray): string;
  /** A constant of rank 0. */
  scalar(value: number, dtype: DType): string;
  /** An int64 vector, for shapes and axes. */
  ints(values: readonly number[]): string;
  /** A shape as an int64 vector, computed from the inputs' own shapes where sizes are symbolic. */
  shape(shape: Shape): string;
  cast(value: string, to: DType): string;
  input(name: string, spec: Spec): string;
  parameter(parameter: Parameter): string;
  mask(attrs: RandomMaskAttrs, spec: Spec): string;
  /** A loop whose step is a graph of its own. @returns the names of its outputs; empty for those that nothing reads */
  scan(body: ScanBody, options: EmitScan): string[];
}

export interface EmitScan {
  /** Names of the carries, sequences and captured values. */
  readonly inputs: readonly string[];
  readonly used: readonly boolean[];
  readonly reverse: boolean;
}

/** What an op's `lower` may know of the node it writes. */
export interface LowerContext<A> {
  readonly attrs: A;
  /** Names of the inputs' values. */
  readonly inputs: readonly string[];
  readonly inputSpecs: readonly Spec[];
  readonly outputSpecs: readonly Spec[];
  /** Whether anything reads each output. */
  readonly used: readonly boolean[];
  /** The value of an input that is a constant. */
  constant(index: number): HostArray | undefined;
}
