import * as ort from 'onnxruntime-web';
import type { TypedArray } from '../../core/index.js';
import type { Engine, EngineSession, EngineTensor } from './engine.js';

ort.env.logLevel = 'error';

export const engine: Engine = {
  name: 'onnxruntime-web',
  provider: 'wasm',
  version: ort.env.versions.web ?? ort.env.versions.common,
  tensor: (dtype, data, shape) => new ort.Tensor(dtype, data as Float32Array, shape) as EngineTensor,
  configure({ wasmPaths }) {
    if (wasmPaths !== undefined) ort.env.wasm.wasmPaths = wasmPaths;
  },
  async createSession(model, options) {
    if (options.threads > 0) ort.env.wasm.numThreads = options.threads;
    const session = await ort.InferenceSession.create(model as Uint8Array, {
      executionProviders: [options.device === 'cpu' ? 'wasm' : 'webgpu'],
      graphOptimizationLevel: options.optimize ? 'all' : 'disabled',
      logSeverityLevel: 3,
      ...(options.wholly && options.device !== 'cpu' && { extra: { session: { disable_cpu_ep_fallback: '1' } } }),
      ...(options.onDevice !== undefined &&
        options.device !== 'cpu' && {
          preferredOutputLocation: Object.fromEntries(options.onDevice.map((name) => [name, 'gpu-buffer' as const])),
        }),
      ...(options.external === undefined ? {} : { externalData: [...options.external] }),
    });
    return wrap(session);
  },
};

function wrap(session: ort.InferenceSession): EngineSession {
  return {
    async run(feeds, fetches) {
      const names = Object.keys(fetches);
      const results = (await session.run(feeds as unknown as ort.InferenceSession.OnnxValueMapType, names)) as unknown as Record<
        string,
        EngineTensor
      >;
      // The WebAssembly build returns fresh arrays; where memory was given, the numbers go there.
      for (const name of names) {
        const given = fetches[name];
        const result = results[name];
        if (given && result) (given.data as { set(from: TypedArray): void }).set(result.data);
      }
      return results;
    },
    release: () => session.release(),
    endProfiling: () => session.endProfiling(),
  };
}
