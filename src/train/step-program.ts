import { sizeOf } from '../core/index.js';
import { gradients } from '../grad/index.js';
import type { LanguageModel } from '../models/index.js';
import { encodeModel } from '../onnx/index.js';
import { topological } from '../ops/graph.js';
import { crossEntropy, input, parameterTensor, type Tensor, withTraining } from '../ops/index.js';
import { restartStreams } from '../ops/leaves/random-mask.js';
import { lowerProgram, type ProgramOptions } from '../runtime/index.js';
import type { LayoutInput } from './storage.js';

/** A lowered program as data that crosses to the worker: bytes, and what each input stands for. */
export interface StepProgram {
  readonly onnx: Uint8Array;
  readonly device: 'cpu' | 'webgpu';
  readonly threads: number;
  /** ONNX input name to parameter name. */
  readonly parameters: readonly { readonly input: string; readonly name: string }[];
  readonly masks: readonly { readonly input: string; readonly shape: readonly number[]; readonly keep: number; readonly stream: string }[];
}

/** The loss of a batch by a model: cross-entropy of the next token, unless the model says otherwise. */
export type Loss = (model: LanguageModel, inputs: Tensor, targets: Tensor) => Tensor;

export const nextTokenLoss: Loss = (model, inputs, targets) =>
  crossEntropy(model.forward(inputs).reshape([-1, model.vocabulary]), targets.reshape([-1]));

export interface StepShape {
  readonly batch: number;
  readonly context: number;
}

/** The training step of a model: inputs [B,T] and targets [B,T] to the loss and every parameter's gradient. */
export function traceStep(model: LanguageModel, shape: StepShape, loss: Loss, options: ProgramOptions): StepProgram {
  const [inputs, targets] = batchInputs(shape);
  restartStreams();
  const tiles = loss === nextTokenLoss ? tileCount(model, shape) : 1;
  const value = withTraining(true, () => tiledLoss(model, inputs, targets, loss, tiles));
  const parameters = [...model.parameters()];
  const grads = gradients(
    value,
    parameters.map(([, p]) => parameterTensor(p)),
  );
  const outputs = { loss: value, ...Object.fromEntries(parameters.map(([name], i) => [`gradient:${name}`, grads[i] as Tensor])) };
  return toProgram(outputs, [inputs, targets], options);
}

/** A value of this many bytes still finds its way through the caches from one elementwise pass to the next. */
const cachedBytes = 8 * 2 ** 20;

/**
 * Into how many tiles a step's batch is cut: the fewest that divide it and whose largest values inside the model fit
 * `cachedBytes`. The scores of the vocabulary do not count: they are met once.
 */
function tileCount(model: LanguageModel, { batch, context }: StepShape): number {
  const logits = model.forward(input('inputs', [batch, context], 'int32'));
  const inner = topological([logits]).filter((n) => n.inputs.length > 0 && n.outputs[0]?.shape.at(-1) !== model.vocabulary);
  const largest = Math.max(0, ...inner.flatMap((n) => n.outputs.map((y) => 4 * Number(sizeOf(y.shape)))));
  for (let tiles = 1; tiles < batch; tiles++) {
    if (batch % tiles === 0 && largest / tiles <= cachedBytes) return tiles;
  }
  return batch;
}

/** The mean of the losses of equal tiles of the batch is the batch's loss; each tile's values stay in the caches. */
function tiledLoss(model: LanguageModel, inputs: Tensor, targets: Tensor, loss: Loss, tiles: number): Tensor {
  const ins = inputs.split(tiles, 0);
  const outs = targets.split(tiles, 0);
  const losses = ins.map((tile, i) => loss(model, tile, outs[i] as Tensor));
  const total = losses.reduce((sum, l) => sum.add(l));
  return tiles === 1 ? total : total.mul(1 / tiles);
}

/** The evaluation of a model: the summed loss of [B,T] windows, without dropout. */
export function traceEvaluation(model: LanguageModel, shape: StepShape, options: ProgramOptions): StepProgram {
  const [inputs, targets] = batchInputs(shape);
  const total = crossEntropy(model.forward(inputs).reshape([-1, model.vocabulary]), targets.reshape([-1]), { reduction: 'sum' });
  return toProgram({ loss: total }, [inputs, targets], options);
}

/** The model's parameters as the storage lays them out. */
export function parameterLayout(model: LanguageModel): LayoutInput[] {
  return [...model.parameters()].map(([name, p]) => ({ name, shape: p.shape }));
}

function batchInputs({ batch, context }: StepShape): [Tensor, Tensor] {
  return [input('inputs', [batch, context], 'int32'), input('targets', [batch, context], 'int32')];
}

function toProgram(outputs: Record<string, Tensor>, inputs: readonly [Tensor, Tensor], options: ProgramOptions): StepProgram {
  const declared = [
    { name: 'inputs', spec: inputs[0] },
    { name: 'targets', spec: inputs[1] },
  ];
  const lowered = lowerProgram(outputs, declared, options);
  return {
    onnx: encodeModel(lowered.model),
    device: options.device ?? 'cpu',
    threads: options.threads ?? 0,
    parameters: lowered.bindings.flatMap((b) => (b.kind === 'parameter' ? [{ input: b.name, name: b.parameter.name }] : [])),
    masks: lowered.bindings.flatMap((b) => (b.kind === 'mask' ? [{ input: b.name, ...b.mask }] : [])),
  };
}
