import { laneThreads } from '#lane';
import { sizeOf } from '../core/index.js';
import { gradients } from '../grad/index.js';
import type { LanguageModel } from '../models/index.js';
import { topological } from '../ops/graph.js';
import { type Node, parameterTensor, type Tensor } from '../ops/index.js';
import { optimize } from '../runtime/passes/index.js';
import { applyGroups, type ParameterGroup } from './groups.js';
import { planLanes } from './lanes.js';
import { type Optimizer, ruleOf } from './optimizers/index.js';
import { batchTensors, parameterShapes, type StepOptions, stepLoss } from './step-program.js';
import { layOut } from './storage.js';

/** Bytes that a training run takes. */
export interface TrainingMemory {
  /** The one memory of the run: parameters, gradients, what the optimiser remembers, averages, masks. */
  readonly storage: number;
  /** The engine's own copy of every gradient, made anew each pass. */
  readonly gradientCopies: number;
  /** The most that is alive at once inside a pass: what the forward pass keeps for the backward one, and what that makes. */
  readonly activations: number;
  /** What the engine takes from the system for them: `engineShare` times as much. */
  readonly engine: number;
  /** Storage, gradient copies and the engine's share: what the run adds to a process. */
  readonly total: number;
}

/**
 * ONNX Runtime's arena and memory plan hold 2.4 to 3.0 times the activations' peak (measured from 0.8M to 124M parameters,
 * docs/scaling.md): it runs the first step without a plan and keeps those blocks beside the planned one.
 */
const engineShare = 2.6;

export interface MemoryOptions extends StepOptions {
  readonly optimizer: Optimizer;
  readonly groups?: readonly ParameterGroup[];
  readonly accumulates?: boolean;
  readonly averages?: boolean;
  /** Threads that the run has; the machine's cores by default, as in `train`. With two or more, passes in lanes have two workers; `lanes: 1` lets them go whole. */
  readonly threads?: number;
}

/**
 * What training a model will take, beside the runtime itself (some 150 MiB), without running it:
 *
 * storage = 4·(P + G·(1 + a) + slots + averages) + masks, P parameters of which G are trained, a = 1 where passes
 * accumulate; AdamW's slots are 2G: 16 bytes a parameter in all. The engine copies each gradient once more: 4G.
 * Activations are the peak of the step's graph, walked in the order it runs in, each value freed after its last use; the
 * engine takes 2.6 times as much for them. Where a pass goes in lanes, one worker holds 4G more, the first lane's gradients;
 * two each hold parameters, gradients, and masks and activations of half of the rows, and share 4·(P + G) for what is on
 * its way: with AdamW 32 bytes a parameter in all.
 */
export function trainingMemory(model: LanguageModel, options: MemoryOptions): TrainingMemory {
  const { optimizer, groups, accumulates = false, averages = false } = options;
  const threads = options.threads || laneThreads();
  const { lanes, workers, shape } = planLanes(model, options, { threads }, threads);
  const parameters = applyGroups(parameterShapes(model), groups);
  const rule = ruleOf(optimizer);
  const frozen = new Set(parameters.filter((p) => p.frozen).map((p) => p.name));
  const graph = stepGraph(model, { ...options, shape }, frozen);
  const layout = layOut({
    parameters,
    slots: (p) => rule.slots(optimizer, p),
    scratch: (p) => rule.scratch?.(optimizer, p) ?? 0,
    masks: graph.nodes.filter((n) => n.op.name === 'random_mask').map((n) => ({ shape: n.outputs[0]?.shape as readonly number[] })),
    accumulates,
    averages,
    ...(lanes > workers && { other: 'all' as const }),
  });
  const gradientBytes = 4 * layout.gradients.size;
  // The other worker's own (what the optimiser remembers is divided), and what is on its way.
  const own = layout.masks.reduce((sum, { size }) => sum + 4 * size, 0) + 4 * (layout.before.size + layout.scratch.size);
  const beside = workers === 2 ? gradientBytes * (accumulates ? 3 : 2) + 8 * model.parameterCount + own : 0;
  const storage = layout.bytes + beside;
  const gradientCopies = workers * gradientBytes;
  const activations = workers * peakBytes(graph.nodes, graph.outputs);
  const engine = Math.round(engineShare * activations);
  return { storage, gradientCopies, activations, engine, total: storage + gradientCopies + engine };
}

/** The nodes of a training step as they run. */
function stepGraph(model: LanguageModel, options: StepOptions, frozen: ReadonlySet<string>): { nodes: Node[]; outputs: readonly Tensor[] } {
  const batch = batchTensors(options.shape, options.packed ?? false);
  const loss = stepLoss(model, batch, options);
  const trained = [...model.parameters()].filter(([name]) => !frozen.has(name));
  const wrt = trained.map(([, p]) => parameterTensor(p));
  const outputs = optimize([loss, ...gradients(loss, wrt)]);
  return { nodes: topological(outputs), outputs };
}

/** Ops whose result lies where their first input does. */
const views: ReadonlySet<string> = new Set(['reshape', 'tap', 'stop_gradient', 'after']);

/** The most bytes of values that are alive at once. Leaves and outputs live elsewhere and do not count. */
function peakBytes(nodes: readonly Node[], outputs: readonly Tensor[]): number {
  const home = new Map<Tensor, Tensor>();
  const homeOf = (t: Tensor): Tensor => home.get(t) ?? t;
  const lastUse = new Map<Tensor, number>();
  nodes.forEach((node, i) => {
    if (views.has(node.op.name)) home.set(node.outputs[0] as Tensor, homeOf(node.inputs[0] as Tensor));
    for (const x of node.inputs) lastUse.set(homeOf(x), i);
  });
  const elsewhere = new Set(outputs.map(homeOf));
  const bytes = (t: Tensor): number => (t.node.inputs.length === 0 || elsewhere.has(t) ? 0 : 4 * Number(sizeOf(t.shape)));
  let live = 0;
  let peak = 0;
  nodes.forEach((node, i) => {
    const dying = [...new Set(node.inputs.map(homeOf))].filter((t) => lastUse.get(t) === i);
    const made = node.outputs.filter((t) => homeOf(t) === t && lastUse.has(t));
    // An elementwise op writes over an input of its size that nobody needs any more.
    const freed = dying.reduce((sum, t) => sum + bytes(t), 0);
    const added = made.reduce((sum, t) => sum + bytes(t), 0);
    const inPlace = dying.some((t) => made.some((y) => bytes(y) === bytes(t))) ? Math.min(freed, added) : 0;
    peak = Math.max(peak, live + added - inPlace);
    live += added - freed;
  });
  return peak;
}
