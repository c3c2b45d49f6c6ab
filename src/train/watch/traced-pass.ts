import { type DType, fail, HostArray } from '../../core/index.js';
import type { BatchShape, TokenBatch } from '../../datasets/data.js';
import type { LanguageModel } from '../../models/index.js';
import { input, type Tensor, withTraining } from '../../ops/index.js';
import { restartStreams } from '../../ops/leaves/random-mask.js';
import { type Binding, type GraphInput, lowerProgram, Program, type ProgramOptions, sitesOf } from '../../runtime/index.js';
import type { BatchTensors, Loss } from '../step-program.js';

/** Values by parameter name. */
export type ParameterValues = Readonly<Record<string, Float32Array>>;

/** What a pass of training is: the model, the loss, the batch's form, the draws of dropout, and where it runs. */
export interface PassSettings extends Pick<ProgramOptions, 'device' | 'threads'> {
  readonly model: LanguageModel;
  readonly loss: Loss;
  readonly shape: BatchShape;
  /** The run's seed. */
  readonly seed: number;
}

/** A training pass as a graph. */
export interface TracedPass {
  readonly loss: Tensor;
  /** Every site, in the order of computation. */
  readonly sites: ReadonlyMap<string, Tensor>;
  readonly inputs: readonly GraphInput[];
}

/** Traces the forward pass of a training step, dropout and all. @param like a batch: says what the batches carry */
export function tracePass({ model, loss, shape }: PassSettings, like: TokenBatch): TracedPass {
  const inputs = batchFields
    .filter((name) => like[name] !== undefined)
    .map((name) => ({ name, spec: { shape: shapeOf(name, shape), dtype: 'int32' as const } }));
  const tensors = Object.fromEntries(inputs.map(({ name, spec }) => [name, input(name, spec.shape, spec.dtype)]));
  restartStreams();
  const value = withTraining(true, () => loss(model, tensors as unknown as BatchTensors));
  return { loss: value, sites: sitesOf([value]), inputs };
}

const batchFields = ['inputs', 'targets', 'documents', 'positions'] as const;

function shapeOf(field: (typeof batchFields)[number], { rows, length, targets = length }: BatchShape): readonly number[] {
  return [rows, field === 'targets' ? targets : length];
}

/** Some values of a traced pass, to be run on parameters that are given, whatever the model's own are. */
export class PassProgram {
  private constructor(
    private readonly program: Program,
    /** Shapes of the parameters it reads, by input name. */
    private readonly parameters: ReadonlyMap<string, { readonly name: string; readonly shape: readonly number[] }>,
    private readonly settings: PassSettings,
  ) {}

  static async create(settings: PassSettings, pass: TracedPass, outputs: Readonly<Record<string, Tensor>>): Promise<PassProgram> {
    const { device, threads } = settings;
    const engine = { ...(device && { device }), ...(threads !== undefined && { threads }) };
    const lowered = lowerProgram(outputs, pass.inputs, engine);
    const parameters = new Map(
      lowered.bindings.flatMap((b) => (b.kind === 'parameter' ? [[b.name, { name: b.parameter.name, shape: b.shape }] as const] : [])),
    );
    const bindings = lowered.bindings.map(fedFromOutside);
    return new PassProgram(await Program.create({ ...lowered, bindings }, engine), parameters, settings);
  }

  /** @param pass number of the pass in the run: keys dropout's masks */
  run(values: ParameterValues, batch: TokenBatch, pass: number): Promise<Record<string, HostArray>> {
    const feeds: Record<string, HostArray> = {};
    for (const name of batchFields) {
      const ids = batch[name];
      if (ids !== undefined) feeds[name] = new HostArray(ids, shapeOf(name, this.settings.shape), 'int32');
    }
    for (const [input, { name, shape }] of this.parameters) feeds[input] = parameterArray(values, name, shape);
    return this.program.run(feeds, { seed: this.settings.seed, step: pass });
  }

  dispose(): Promise<void> {
    return this.program.dispose();
  }
}

/** A parameter's values. @throws name: there are none, or not as many as its shape says */
export function parameterArray(values: ParameterValues, name: string, shape: readonly number[]): HostArray {
  const data = values[name];
  const size = shape.reduce((a, b) => a * b, 1);
  if (data?.length !== size)
    throw fail('name', { where: 'watch', path: name, rule: `${size} values for each parameter`, got: String(data?.length) });
  return new HostArray(data, shape, 'float32');
}

/** A parameter's input as an input of the caller's. */
function fedFromOutside(binding: Binding): Binding {
  if (binding.kind !== 'parameter') return binding;
  const dtype: DType = 'float32';
  return { kind: 'input', name: binding.name, spec: { shape: binding.shape, dtype } };
}
