import type { DType, TypedArray } from '../../core/index.js';

/** A tensor as the engine holds it. */
export interface EngineTensor {
  /** Its memory; of a tensor on a device this throws. */
  readonly data: TypedArray;
  readonly dims: readonly number[];
  /** `gpu-buffer`: on a device, where only programs reach it. */
  readonly location: string;
  /** Frees what a device holds of it. */
  dispose(): void;
}

/** Bytes of an initializer that a model names instead of holding. */
export interface ExternalBytes {
  readonly path: string;
  readonly data: Uint8Array;
}

export interface SessionOptions {
  readonly device: 'cpu' | 'webgpu';
  /** Outputs that stay on the device, to be fed to its programs again; on the CPU all come back. */
  readonly onDevice?: readonly string[];
  /** Refuses a program whose nodes would not all run on the device. */
  readonly wholly?: boolean;
  /** Threads within an operator; 0 leaves it to the engine. */
  readonly threads: number;
  /** ONNX Runtime's own graph optimisations. Ours are done already; its fusions help some inference programs. */
  readonly optimize: boolean;
  /** Where to write a profile by node (Node only). */
  readonly profile?: string;
  /** Initializers outside the model; the memory must outlive the session. */
  readonly external?: readonly ExternalBytes[];
  /** Where the files lie whose parts the model names as initializers (Node only). */
  readonly folder?: string;
}

export interface EngineSession {
  /** Runs the program. A fetch that is a tensor receives the result in its memory. */
  run(
    feeds: Readonly<Record<string, EngineTensor>>,
    fetches: Readonly<Record<string, EngineTensor | null>>,
  ): Promise<Record<string, EngineTensor>>;
  release(): Promise<void>;
  /** Ends profiling and writes the file. */
  endProfiling(): void;
}

/** Where a page's copy of ONNX Runtime finds its WebAssembly files, when not beside the bundle. Node needs none of this. */
export interface EngineSettings {
  readonly wasmPaths?: string;
}

/** ONNX Runtime behind the few calls we make of it. */
export interface Engine {
  readonly name: 'onnxruntime-node' | 'onnxruntime-web';
  /** The provider that graphs for the CPU run on. */
  readonly provider: 'cpu' | 'wasm';
  readonly version: string;
  tensor(dtype: DType, data: TypedArray, shape: readonly number[]): EngineTensor;
  /** Must come before the first session. */
  configure(settings: EngineSettings): void;
  createSession(model: Uint8Array | string, options: SessionOptions): Promise<EngineSession>;
}

export declare const engine: Engine;
