import { describe, expect, test } from 'vitest';
import { gradients } from '#dist/grad/index.js';
import { encodeModel, type OnnxModel } from '#dist/onnx/index.js';
import { input, recompute, sin, type Tensor, tap } from '#dist/ops/index.js';
import { randomMask } from '#dist/ops/leaves/random-mask.js';
import { lower } from '#dist/runtime/lower.js';
import { optimize } from '#dist/runtime/passes/index.js';
import { sitesOf } from '#dist/runtime/sites.js';
import type { EngineJob, Value } from './engine-check.js';
import { runOnCpu } from './engines.js';
import { peakOf } from './peak.js';

const layers = 6;

/** A chain of layers, each kept or computed again, and its gradients: what a deep model's training step is. */
function chain(shape: readonly [number, number], again: boolean): { outputs: Record<string, Tensor>; feeds: Record<string, Value> } {
  const [x, w] = [input('x', shape), input('w', [shape[1], shape[1]])];
  const layer = (h: Tensor): Tensor => {
    const mask = randomMask(shape, 0.8) as Tensor;
    const inner = tap('inner', sin(h.matmul(w, { scale: 0.1 })));
    return sin(sin(inner.mul(inner.exp()).mul(mask)).add(h));
  };
  let h = x;
  for (let i = 0; i < layers; i++) h = again ? recompute(layer)(h) : layer(h);
  const [dx, dw] = gradients(h.mul(h).sum(), [x, w]) as [Tensor, Tensor];
  const value = (dims: readonly number[]): Value => ({
    type: 'float32',
    dims,
    data: Float32Array.from({ length: dims.reduce((a, b) => a * b, 1) }, (_, i) => 1 + 0.5 * Math.sin(i)),
  });
  return { outputs: { dx, dw }, feeds: { x: value(shape), w: value([shape[1], shape[1]]) } };
}

function jobOf(shape: readonly [number, number], again: boolean): EngineJob & { graph: OnnxModel['graph'] } {
  const { outputs, feeds } = chain(shape, again);
  const [dx, dw] = optimize(Object.values(outputs)) as [Tensor, Tensor];
  const { model, bindings } = lower({ dx, dw }, { target: { provider: 'cpu', plain: false }, inputs: [] });
  const masks = bindings.flatMap((b): [string, Value][] => {
    if (b.kind !== 'mask') return [];
    const size = b.mask.shape.reduce((p, d) => p * d, 1);
    return [
      [b.name, { type: 'float32', dims: b.mask.shape, data: Float32Array.from({ length: size }, (_, i) => (i % 5 === 0 ? 0 : 1.25)) }],
    ];
  });
  return { label: 'chain', model: encodeModel(model), feeds: { ...feeds, ...Object.fromEntries(masks) }, expected: {}, graph: model.graph };
}

describe('recompute', () => {
  test('gives the same gradients, bit for bit, dropout included', async () => {
    const [kept, again] = [await runOnCpu(jobOf([8, 16], false)), await runOnCpu(jobOf([8, 16], true))];
    expect(Object.keys(kept)).toEqual(['dx', 'dw']);
    expect(kept.dx?.data.length).toBe(128);
    expect(again.dx?.data).toEqual(kept.dx?.data);
    expect(again.dw?.data).toEqual(kept.dw?.data);
  });

  test('computes each layer twice, and the backward pass reads only the second time', () => {
    const count = (again: boolean): number => jobOf([4, 4], again).graph.nodes.filter((n) => n.type === 'Sin').length;
    // Of three sines in a layer the last makes its result, which the backward pass needs of the layer before alone.
    expect([count(false), count(true)]).toEqual([3 * layers, 5 * layers]);

    const { graph } = jobOf([4, 4], true);
    const producer = new Map(graph.nodes.flatMap((n) => n.outputs.map((name) => [name, n] as const)));
    // A node belongs to the backward pass when a token, the comparison in `after`, lies before it.
    const late = new Map<unknown, boolean>();
    for (const node of graph.nodes)
      late.set(node, node.type === 'Greater' || node.inputs.some((name) => late.get(producer.get(name)) === true));
    const early = graph.nodes.filter((n) => late.get(n) === false && n.type === 'Sin');
    expect(early.length).toBe(3 * layers);
    // Of what the forward pass computes, the backward pass reads each layer's result alone: the argument of the next.
    const isCopy = (name: string): boolean => producer.get(name)?.type === 'Identity';
    const source = (name: string): string => (isCopy(name) ? source(producer.get(name)?.inputs[0] as string) : name);
    const readLate = new Set(graph.nodes.filter((n) => late.get(n) === true).flatMap((n) => n.inputs.map(source)));
    const results = early.filter((n) => readLate.has(n.outputs[0] as string));
    expect(results.length).toBe(layers - 1);
  });

  test('a site is named once, in the forward pass', () => {
    const { outputs } = chain([4, 4], true);
    const [x] = [...sitesOf(Object.values(outputs)).values()];
    expect(sitesOf(Object.values(outputs)).size).toBe(6);
    expect(x?.node.path).toBe('');
  });

  test('needs less memory at its peak', async () => {
    const [kept, again] = [await peakOf(jobOf([4096, 256], false)), await peakOf(jobOf([4096, 256], true))];
    console.log(`recompute: the run adds ${Math.round(again / 1024)} MB instead of ${Math.round(kept / 1024)} MB`);
    expect(again).toBeLessThan(0.75 * kept);
  });
});
