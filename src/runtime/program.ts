import { engine } from '#engine';
import { evaluateDim, fail, formatShape, type HostArray, type RandomKey, randomBits, randomKey } from '../core/index.js';
import { checkModel, encodeModel, type OnnxModel } from '../onnx/index.js';
import type { RandomMaskAttrs, Target } from '../ops/emitter.js';
import type { Tensor } from '../ops/index.js';
import { keepThreshold } from '../ops/leaves/random-mask.js';
import { formatSpec, type Spec } from '../ops/spec.js';
import type { Binding } from './bindings.js';
import { detachLarge } from './detach.js';
import type { EngineTensor } from './engine/engine.js';
import { lower } from './lower.js';
import { filesOfParameters, mergeNeighbours, optimize, readAsStored } from './passes/index.js';
import { engineTensor, fromEngine, Session } from './session.js';

export interface ProgramOptions {
  readonly device?: 'cpu' | 'webgpu';
  /** Threads within an operator; 0 (the default) leaves it to the engine. */
  readonly threads?: number;
  /** Only ONNX's own operators. */
  readonly plain?: boolean;
  /** ONNX Runtime's own graph optimisations, on top of ours. */
  readonly engineOptimize?: boolean;
  /** Writes the parameters' values into the model. */
  readonly embedParameters?: boolean;
}

export interface GraphInput {
  readonly name: string;
  readonly spec: Spec;
}

/** A traced program as data: the ONNX model and what its inputs stand for. */
export interface LoweredProgram {
  readonly model: OnnxModel;
  readonly bindings: readonly Binding[];
  readonly outputs: Readonly<Record<string, Spec>>;
  /** Where the files lie that the model names, and they themselves: some last as long as somebody refers to them. */
  readonly folder?: string | undefined;
  readonly files?: readonly object[];
}

/** Optimises and lowers named outputs over declared inputs, and checks what was written. */
export function lowerProgram(
  outputs: Readonly<Record<string, Tensor>>,
  inputs: readonly GraphInput[],
  options: ProgramOptions = {},
): LoweredProgram {
  const names = Object.keys(outputs);
  const { embedParameters = false } = options;
  const simplified = optimize(Object.values(outputs));
  const target: Target = { provider: options.device === 'webgpu' ? 'webgpu' : engine.provider, plain: options.plain ?? false };
  const files = embedParameters && target.provider === 'cpu' ? filesOfParameters(simplified) : [];
  // The engine reads files of one folder.
  const folder = files[0]?.folder;
  const optimized = folder === undefined ? simplified : readAsStored(mergeNeighbours(simplified, folder), folder);
  const graph = Object.fromEntries(names.map((n, i) => [n, optimized[i] as Tensor]));
  const { model, bindings } = lower(graph, { target, inputs, embedParameters, folder });
  checkModel(model);
  // Specs, not tensors: a program must not keep its graph alive.
  const specs = Object.fromEntries(Object.entries(graph).map(([n, { shape, dtype }]) => [n, { shape, dtype }]));
  return { model, bindings, outputs: specs, folder, files };
}

/** A program that runs on host arrays; its parameters are read where they lie, never copied. */
export class Program {
  readonly bindings: readonly Binding[];
  readonly outputs: Readonly<Record<string, Spec>>;
  readonly #session: Session;
  /** Every output by name, for the engine to make. */
  readonly #fetches: Readonly<Record<string, null>>;
  /** The engine's views of arrays that were fed last: an array that is fed again needs no new one. */
  readonly #bound = new Map<string, { value: HostArray; tensor: EngineTensor }>();

  private constructor(lowered: LoweredProgram, session: Session) {
    this.bindings = lowered.bindings;
    this.outputs = lowered.outputs;
    this.#session = session;
    this.#fetches = Object.fromEntries(Object.keys(lowered.outputs).map((n) => [n, null]));
  }

  static async create(lowered: LoweredProgram, options: ProgramOptions = {}): Promise<Program> {
    // The engine is given either files or memory: what the model holds beside names of files stays in its bytes.
    const { model, external } = lowered.folder === undefined ? detachLarge(lowered.model) : { model: lowered.model, external: [] };
    const session = await Session.create(encodeModel(model), {
      device: options.device ?? 'cpu',
      threads: options.threads ?? 0,
      optimize: options.engineOptimize ?? false,
      ...(external.length > 0 && { external }),
      ...(lowered.folder !== undefined && { folder: lowered.folder }),
    });
    return new Program(lowered, session);
  }

  /** Runs on named inputs. `key` seeds the random masks of a training program. */
  async run(
    inputs: Readonly<Record<string, HostArray>>,
    random: { seed: number; step: number } = { seed: 0, step: 0 },
  ): Promise<Record<string, HostArray>> {
    const feeds: Record<string, EngineTensor> = {};
    const sizes: Record<string, number> = {};
    for (const binding of this.bindings) feeds[binding.name] = this.#feed(binding, inputs, random, sizes);
    const results = await this.#session.run(feeds, this.#fetches);
    return Object.fromEntries(
      Object.entries(this.outputs).map(([name, spec]) => [name, fromEngine(results[name] as EngineTensor, spec.dtype)]),
    );
  }

  dispose(): Promise<void> {
    return this.#session.dispose();
  }

  #feed(
    binding: Binding,
    inputs: Readonly<Record<string, HostArray>>,
    random: { seed: number; step: number },
    sizes: Record<string, number>,
  ): EngineTensor {
    if (binding.kind === 'mask') {
      const bits = new Float32Array(binding.mask.shape.reduce((a, b) => a * b, 1));
      fillMask(bits, binding.mask, randomKey(random.seed, binding.mask.stream, random.step));
      return engineTensor('float32', bits, binding.mask.shape);
    }
    if (binding.kind === 'parameter') return this.#view(binding.name, binding.parameter.value);
    const given = inputs[binding.name];
    if (given === undefined || !fits(given, binding.spec, sizes)) {
      throw fail('shape', {
        where: `input ${binding.name}`,
        rule: `${formatSpec(binding.spec)}`,
        got: given === undefined ? 'nothing' : `${formatShape(given.shape)} ${given.dtype}`,
      });
    }
    return this.#view(binding.name, given);
  }

  #view(name: string, value: HostArray): EngineTensor {
    const known = this.#bound.get(name);
    if (known?.value === value) return known.tensor;
    const tensor = engineTensor(value.dtype, value.data, value.shape);
    this.#bound.set(name, { value, tensor });
    return tensor;
  }
}

/** Rank, dtype and sizes; a named size takes the first value it meets and must keep it. */
function fits(value: HostArray, spec: Spec, sizes: Record<string, number>): boolean {
  if (value.dtype !== spec.dtype || value.shape.length !== spec.shape.length) return false;
  return spec.shape.every((dim, axis) => {
    const got = value.shape[axis] as number;
    if (typeof dim === 'number') return dim === got;
    const unbound = dim.symbols.filter((s) => sizes[s] === undefined);
    if (unbound.length === 0) return evaluateDim(dim, sizes) === got;
    if (dim.key === unbound[0]) sizes[dim.key] = got;
    return true;
  });
}

/** The plain form of what the training worker's SIMD kernel does. */
export function fillMask(out: Float32Array, mask: RandomMaskAttrs, key: RandomKey): void {
  const threshold = keepThreshold(mask.keep);
  for (let i = 0; i < out.length; i++) out[i] = randomBits(key, i) >= threshold ? 1 / mask.keep : 0;
}
