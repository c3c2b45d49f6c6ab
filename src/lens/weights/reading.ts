import { HostArray } from '../../core/index.js';
import { Transformer, ViT } from '../../models/index.js';
import type { Module } from '../../nn/index.js';
import { topological } from '../../ops/graph.js';
import { evaluate, type Node, type Tensor } from '../../ops/index.js';
import { parameterOp } from '../../ops/leaves/parameter.js';
import { type LensModel, type LensPrompt, traceModel } from '../trace.js';

/** The norm that a matrix reads the residual stream through. */
export interface Reading {
  /** γ, [C] */
  readonly gain: Float64Array;
  /** Whether it takes the mean away (LayerNorm), or not (RMSNorm). */
  readonly centred: boolean;
}

/**
 * Which parameters read through a norm, and which: found in the graph, so that it holds for any model. A post-norm block's
 * projections read the stream itself, whose norm is part of the stream, so they count as reading through none, unless the norm
 * stands between the stream's site and the projection.
 */
export function readingsOf(model: Module): Map<object, Reading> {
  const { output, sites } = traceModel(model as LensModel, smallestPrompt(model));
  const tapped = new Set<Node>([...sites.values()].map(({ node }) => node));
  const readings = new Map<object, Reading>();
  for (const node of topological([output])) {
    if (node.op.name !== 'linear') continue;
    const [x, weight] = node.inputs as [Tensor, Tensor];
    if (weight.node.op.name !== parameterOp.name) continue;
    // `final_norm` is a site of the norm's result itself: the head reads through that norm all the same.
    let from = x.node;
    if (tapped.has(from) && String(from.attrs.site).endsWith('final_norm')) from = (from.inputs[0] as Tensor).node;
    const centred = from.op.name === 'layer_norm';
    if (!centred && from.op.name !== 'rms_norm') continue;
    const [gain] = evaluate([from.inputs[1] as Tensor], new Map());
    if (gain !== undefined) readings.set(weight.node.attrs.parameter as object, { gain: gain.data, centred });
  }
  return readings;
}

/** Something to run a model on, as small as it may be: for the graph's sake. */
export function smallestPrompt(model: Module): LensPrompt {
  if (model instanceof ViT) {
    const { channels, patch } = model.config;
    return new HostArray(new Float32Array(channels * patch * patch), [1, channels, patch, patch], 'float32');
  }
  return model instanceof Transformer ? { source: [0], target: [0] } : [0];
}
