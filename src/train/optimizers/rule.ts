import type { Tensor } from '../../ops/index.js';
import type { Kernels } from '../kernels/kernels.js';

/** A parameter as optimisers see it. */
export interface ParameterInfo {
  readonly name: string;
  readonly shape: readonly number[];
}

/** Where a parameter, its gradient and what the optimiser remembers of it lie: byte offsets into one memory. */
export interface Place extends ParameterInfo {
  readonly size: number;
  readonly parameter: number;
  /** May be overwritten. */
  readonly gradient: number;
  /** By slot name. */
  readonly slots: Readonly<Record<string, number>>;
  /** Room for `scratch` elements, whose content does not outlast the update. */
  readonly scratch: number;
}

/** What an update is done with. */
export interface Update {
  readonly memory: WebAssembly.Memory;
  readonly kernels: Kernels;
  /** Steps counted from 1. */
  readonly t: number;
  /** The schedule's factor at this step times the parameter's own: multiplies every learning rate of the optimiser. */
  readonly rate: number;
  /** The optimiser's decay applies: true for matrices, unless a group says otherwise. */
  readonly decays: boolean;
  /** What every gradient is multiplied with first: averaging and clipping. */
  readonly gradientScale: number;
  /** Runs one of the optimiser's programs (`programs` below) on [inputs of] float32 arrays. */
  run(program: string, inputs: Readonly<Record<string, Float32Array>>): Promise<Float32Array>;
}

/** A program that an optimiser needs run by the engine: traced by the caller, since a worker gets data, not functions. */
export interface OptimizerProgram {
  readonly key: string;
  /** Names of those whose updates run it. */
  readonly parameters: readonly string[];
  readonly onnx: Uint8Array;
  readonly inputs: Readonly<Record<string, readonly number[]>>;
  readonly output: string;
}

/** A parameter as a graph sees it: its value, its gradient and what the optimiser remembers of it. */
export interface TracedPlace extends ParameterInfo {
  readonly parameter: Tensor;
  /** Averaged and clipped. */
  readonly gradient: Tensor;
  readonly slots: Readonly<Record<string, Tensor>>;
}

/** What a traced update is done with. */
export interface TracedUpdate {
  /** What `numbers` says of the step, as scalars. */
  readonly numbers: Readonly<Record<string, Tensor>>;
  /** As `Update` has it; a scalar, for it changes from step to step. */
  readonly rate: Tensor;
  readonly decays: boolean;
}

/** The new value of a parameter, and of every slot. */
export interface TracedResult {
  readonly parameter: Tensor;
  readonly slots: Readonly<Record<string, Tensor>>;
}

/** How an optimiser, given as plain data, changes one parameter. It keeps no state of its own. */
export interface UpdateRule<Options> {
  /** Shapes of the float32 arrays it remembers of a parameter, by slot name; zeros at first. */
  slots(options: Options, parameter: ParameterInfo): Readonly<Record<string, readonly number[]>>;
  /** Elements of room it needs while it updates the parameter. */
  scratch?(options: Options, parameter: ParameterInfo): number;
  /** Programs it will run, for these parameters. */
  programs?(options: Options, parameters: readonly ParameterInfo[]): OptimizerProgram[];
  update(options: Options, place: Place, update: Update): void | Promise<void>;
  /** What depends on the step alone (t, from 1), by name: too fine for float32, so worked out outside the graph. */
  numbers(options: Options, t: number): Readonly<Record<string, number>>;
  /** The same update as a graph, for devices that a WebAssembly kernel cannot reach. */
  trace(options: Options, place: TracedPlace, update: TracedUpdate): TracedResult;
}
