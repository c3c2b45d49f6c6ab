import { withCausalBands } from '../attention/index.js';
import { fail, sizeOf } from '../core/index.js';
import { type BatchShape, ignored } from '../datasets/index.js';
import { gradients } from '../grad/index.js';
import type { LanguageModel } from '../models/index.js';
import { encodeModel } from '../onnx/index.js';
import { topological } from '../ops/graph.js';
import { crossEntropy, input, parameterTensor, type Tensor, withTraining } from '../ops/index.js';
import { restartStreams } from '../ops/leaves/random-mask.js';
import { lowerProgram, type ProgramOptions } from '../runtime/index.js';

/** A lowered program as data that crosses to the worker: bytes, and what each input and output stands for. */
export interface StepProgram {
  readonly onnx: Uint8Array;
  readonly device: 'cpu' | 'webgpu';
  readonly threads: number;
  /** What a batch gives: int32 arrays by name. */
  readonly inputs: readonly { readonly name: string; readonly shape: readonly number[] }[];
  readonly outputs: readonly string[];
  /** ONNX input name to parameter name. */
  readonly parameters: readonly { readonly input: string; readonly name: string; readonly shape: readonly number[] }[];
  readonly masks: readonly { readonly input: string; readonly shape: readonly number[]; readonly keep: number; readonly stream: string }[];
}

/** A training step's program. Its outputs are `loss` and `gradient:NAME` for every trained parameter. */
export interface TrainingProgram extends StepProgram {
  /** `sum`: over the targets that count, to be divided by their number in the whole step; `mean`: of each pass. */
  readonly reduction: 'sum' | 'mean';
}

/** A batch as a loss sees it, [B,T] int32 each; of targets there may be fewer. */
export interface BatchTensors {
  readonly inputs: Tensor;
  /** `ignored` (−100) where nothing is to be learned. */
  readonly targets: Tensor;
  /** Where several documents share a row. */
  readonly documents?: Tensor;
  readonly positions?: Tensor;
}

/** A loss of one's own: a scalar, the mean over the batch. */
export type Loss = (model: LanguageModel, batch: BatchTensors) => Tensor;

export interface StepOptions {
  readonly shape: BatchShape;
  /** Cross-entropy of the next token, by default. */
  readonly loss?: Loss;
  /** ε of the default loss, in [0, 1] (Szegedy et al. 2016). */
  readonly labelSmoothing?: number;
  /** What the batches hold besides inputs and targets, and whether some targets are ignored. */
  readonly packed?: boolean;
  readonly hasIgnored?: boolean;
  /**
   * The batch is not cut into tiles: for devices, which want large products and have caches of another kind. Where the CPU
   * would cut it, into tiles or lanes, dropout is then drawn for the whole instead of for each: other masks, of the same law.
   */
  readonly whole?: boolean;
  /** Whether a pass goes whole (1) or in two lanes of half of its rows (2); 0, by default: as the model and the batch suit it. */
  readonly lanes?: 0 | 1 | 2;
  /** Parameters without a gradient. */
  readonly frozen?: ReadonlySet<string>;
}

/** Logits of a batch, [B·T,V]. */
export function logitsOf(model: LanguageModel, { inputs, documents, positions }: Omit<BatchTensors, 'targets'>): Tensor {
  const state = { ...(documents && { documents }), ...(positions && { position: positions }) };
  return (documents || positions ? model.forward(inputs, state) : model.forward(inputs)).reshape([-1, model.vocabulary]);
}

/** Mean cross-entropy of the next token, in nats, over the targets that are not ignored. */
export const nextTokenLoss: Loss = (model, batch) => crossEntropy(logitsOf(model, batch), batch.targets.reshape([-1]), { ignore: ignored });

/** The training step of a model: a batch to its loss and the gradient of every parameter that is trained. */
export function traceStep(model: LanguageModel, options: StepOptions, engine: ProgramOptions): TrainingProgram {
  const { shape, loss, frozen = new Set() } = options;
  const batch = batchTensors(shape, options.packed ?? false);
  const value = stepLoss(model, batch, options);
  const trained = [...model.parameters()].filter(([name]) => !frozen.has(name));
  const grads = gradients(
    value,
    trained.map(([, p]) => parameterTensor(p)),
  );
  const outputs = { loss: value, ...Object.fromEntries(trained.map(([name], i) => [`gradient:${name}`, grads[i] as Tensor])) };
  return { ...toProgram(outputs, batch, engine), reduction: loss === undefined ? 'sum' : 'mean' };
}

/** The loss of a step's graph: with dropout, and with causal attentions in bands, since nobody reads a step's sites. */
export function stepLoss(model: LanguageModel, batch: BatchTensors, options: StepOptions): Tensor {
  restartStreams();
  return withTraining(true, () => withCausalBands(() => passLoss(options)(model, batch)));
}

/** What a pass of these options computes: the loss of one's own, or the sum over the targets, in tiles. */
export function passLoss(options: StepOptions): Loss {
  return options.loss ?? ((model, batch) => summedLoss(model, batch, options));
}

/** A value of this many bytes still finds its way through the caches from one elementwise pass to the next. */
const cachedBytes = 8 * 2 ** 20;

/**
 * Into how many tiles a step's batch is cut: the fewest that divide it and whose largest values inside the model fit
 * `cachedBytes`. The scores of the vocabulary do not count: they are met once.
 */
function tileCount(model: LanguageModel, { rows, length }: BatchShape): number {
  const logits = model.forward(input('inputs', [rows, length], 'int32'));
  const inner = topological([logits]).filter((n) => n.inputs.length > 0 && n.outputs[0]?.shape.at(-1) !== model.vocabulary);
  const largest = Math.max(0, ...inner.flatMap((n) => n.outputs.map((y) => 4 * Number(sizeOf(y.shape)))));
  for (let tiles = 1; tiles < rows; tiles++) {
    if (rows % tiles === 0 && largest / tiles <= cachedBytes) return tiles;
  }
  return rows;
}

/** The losses of equal tiles of the batch add up to the batch's; each tile's values stay in the caches. */
function summedLoss(model: LanguageModel, batch: BatchTensors, { shape, labelSmoothing = 0, hasIgnored, whole }: StepOptions): Tensor {
  // Counted either way, for that draws masks too: so a step in one tile (and not in lanes) has the same masks everywhere.
  const fitting = tileCount(model, shape);
  const tiles = whole ? 1 : fitting;
  const parts = Object.entries(batch).map(([name, tensor]: [string, Tensor]) => [name, tensor.split(tiles, 0)] as const);
  const losses = Array.from({ length: tiles }, (_, i) => {
    const tile = Object.fromEntries(parts.map(([name, pieces]) => [name, pieces[i]])) as unknown as BatchTensors;
    return crossEntropy(logitsOf(model, tile), tile.targets.reshape([-1]), {
      reduction: 'sum',
      ...(hasIgnored && { ignore: ignored }),
      ...(labelSmoothing !== 0 && { labelSmoothing }),
    });
  });
  return losses.reduce((sum, l) => sum.add(l));
}

export interface EvaluationOptions {
  readonly shape: BatchShape;
  readonly packed?: boolean;
  readonly hasIgnored?: boolean;
  /** Adds the outputs `correct`, targets that are the likeliest token, and `matched`, rows in which all that count are. */
  readonly matches?: boolean;
}

/** The evaluation of a model, without dropout: `loss` is summed over the targets that count. */
export function traceEvaluation(model: LanguageModel, options: EvaluationOptions, engine: ProgramOptions): StepProgram {
  const { shape, packed = false, hasIgnored = false, matches = false } = options;
  const batch = batchTensors(shape, packed);
  const logits = logitsOf(model, batch);
  const targets = batch.targets.reshape([-1]);
  const loss = crossEntropy(logits, targets, { reduction: 'sum', ...(hasIgnored && { ignore: ignored }) });
  if (!matches) return toProgram({ loss }, batch, engine);
  const hit = logits.argmax(-1).equal(targets);
  const missed = hit.logicalOr(targets.equal(ignored)).logicalNot();
  const perRow = shape.targets ?? shape.length;
  const [hits, misses] = [hit, missed].map((is) => is.cast('float32').reshape([shape.rows, perRow]).sum({ axis: 1 })) as [Tensor, Tensor];
  // A row with nothing to predict has neither.
  const matched = misses.equal(0).logicalAnd(hits.greater(0));
  const outputs = { loss, correct: hits.sum(), matched: matched.cast('float32').sum() };
  return toProgram(outputs, batch, engine);
}

/** Any values of a model on a batch as a program: what `outputs` makes of it. */
export function traceOutputs(
  shape: BatchShape,
  packed: boolean,
  outputs: (batch: BatchTensors) => Record<string, Tensor>,
  engine: ProgramOptions,
): StepProgram {
  const batch = batchTensors(shape, packed);
  return toProgram(outputs(batch), batch, engine);
}

/** A batch as inputs of a graph. */
export function batchTensors({ rows, length, targets = length }: BatchShape, packed: boolean): BatchTensors {
  const rowsOf = (name: string, perRow = length): Tensor => input(name, [rows, perRow], 'int32');
  const plain = { inputs: rowsOf('inputs'), targets: rowsOf('targets', targets) };
  return packed ? { ...plain, documents: rowsOf('documents'), positions: rowsOf('positions') } : plain;
}

function toProgram(outputs: Record<string, Tensor>, batch: BatchTensors, options: ProgramOptions): StepProgram {
  const declared = Object.entries(batch).map(([name, spec]: [string, Tensor]) => ({ name, spec }));
  const lowered = lowerProgram(outputs, declared, options);
  return {
    onnx: encodeModel(lowered.model),
    device: options.device ?? 'cpu',
    threads: options.threads ?? 0,
    inputs: declared.map(({ name, spec }) => ({ name, shape: spec.shape as readonly number[] })),
    outputs: Object.keys(outputs),
    parameters: lowered.bindings.flatMap((b) =>
      b.kind === 'parameter' ? [{ input: b.name, name: b.parameter.name, shape: b.parameter.shape }] : [],
    ),
    masks: lowered.bindings.flatMap((b) => (b.kind === 'mask' ? [{ input: b.name, ...b.mask }] : [])),
  };
}

/** A model's parameters by name and shape. */
export function parameterShapes(model: LanguageModel): { readonly name: string; readonly shape: readonly number[] }[] {
  return [...model.parameters()].map(([name, p]) => ({ name, shape: p.shape }));
}

/** @throws value: label smoothing outside [0, 1] */
export function checkLabelSmoothing(epsilon: number, where: string): void {
  if (!(epsilon >= 0 && epsilon <= 1)) throw fail('value', { where, rule: 'label smoothing from 0 to 1', got: String(epsilon) });
}
