import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import * as ort from 'onnxruntime-node';
import * as web from 'onnxruntime-web/wasm';
import { softwareVulkan } from '../support/software-vulkan.js';
import type { EngineJob, RunEngine, Value } from './engine-check.js';

/** ONNX Runtime's own CPU build, one thread, without its optimisations. */
export const runOnCpu: RunEngine = async ({ model, feeds }) => {
  const session = await ort.InferenceSession.create(model, {
    intraOpNumThreads: 1,
    graphOptimizationLevel: 'disabled',
    logSeverityLevel: 4,
  });
  try {
    const tensors = Object.entries(feeds).map(([name, v]) => [name, new ort.Tensor(v.type as 'float32', v.data as Float32Array, v.dims)]);
    return (await session.run(Object.fromEntries(tensors))) as unknown as Record<string, Value>;
  } finally {
    await session.release();
  }
};

/** The WebAssembly build, which runs in Node too. */
export const runOnWasm: RunEngine = async ({ model, feeds }) => {
  web.env.wasm.numThreads = 1;
  const session = await web.InferenceSession.create(model, { graphOptimizationLevel: 'disabled', logSeverityLevel: 4 });
  try {
    const tensors = Object.entries(feeds).map(([name, v]) => [name, new web.Tensor(v.type as 'float32', v.data as Float32Array, v.dims)]);
    return (await session.run(Object.fromEntries(tensors))) as unknown as Record<string, Value>;
  } finally {
    await session.release();
  }
};

export interface EngineProcess {
  readonly run: RunEngine;
  stop(): void;
}

/** WebGPU in software, in a process of its own, for a fault there ends the process; undefined where there is no driver. */
export function startWebGpu(): EngineProcess | undefined {
  const env = softwareVulkan();
  if (env === undefined) return undefined;
  const child = fork(fileURLToPath(new URL('webgpu-process.mjs', import.meta.url)), {
    serialization: 'advanced',
    execArgv: [],
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    env,
  });
  const run = ({ model, feeds }: EngineJob): Promise<Record<string, Value>> =>
    new Promise((resolve, reject) => {
      const ended = (): void => reject(new Error('the WebGPU process ended'));
      child.once('exit', ended);
      child.once('message', (answer: { results?: Record<string, Value>; error?: string }) => {
        child.off('exit', ended);
        if (answer.results === undefined) reject(new Error(answer.error));
        else resolve(answer.results);
      });
      child.send({ model, feeds });
    });
  return { run, stop: () => void child.kill() };
}
