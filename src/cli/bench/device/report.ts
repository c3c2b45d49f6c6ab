import { textTable } from '../../text-table.js';
import type { DeviceStepResult } from './step.node.js';

/** The figures for people. */
export function deviceStepTable({ date, machine, adapter, best, sizes }: DeviceStepResult): string {
  const head = [
    `bench step --device webgpu, ${date}: forward, backward, clipping and AdamW, every node on WebGPU`,
    `  machine  ${machine.cpu}, ${machine.cores} cores, ${machine.system}, node ${machine.node}, onnxruntime ${machine.onnxruntime}`,
    `  adapter  ${adapterLine[adapter.kind]} (${adapter.because})`,
    `  best     ${figure(best.gflops)} GFLOP/s, products of ${best.size}³`,
  ];
  const rows = sizes.map((s) => [
    s.size,
    exponential(s.gradients.largest),
    `${exponential(s.losses.relative)} over ${s.losses.steps} steps`,
    s.first.toFixed(0),
    `${s.ms.median.toFixed(1)} (${s.ms.min.toFixed(1)} to ${s.ms.max.toFixed(1)})`,
    figure(s.tokensPerSecond),
    figure(s.gflops),
    `${(100 * s.shareOfBest).toFixed(1)}%`,
    s.cpu.median.toFixed(1),
  ]);
  const titles = ['size', 'gradients apart', 'losses apart', 'first, ms', 'step, ms', 'tokens/s', 'GFLOP/s', 'of the best', 'CPU step, ms'];
  return `${head.join('\n')}\n${textTable([titles, ...rows])}`;
}

const adapterLine = {
  software: 'SOFTWARE ADAPTER: WebGPU computed on the CPU; the figures show that it is right, not how fast a GPU is',
  gpu: 'a GPU',
  unknown: 'unknown: look whether it is a GPU before quoting a figure',
};

const exponential = (x: number): string => x.toExponential(1);

/** Three digits at least, for what may be thousands or thousandths. */
const figure = (x: number): string => (x < 100 ? x.toPrecision(3) : x.toFixed(0));
