import * as ort from 'onnxruntime-node';
import type { Engine, EngineSession, EngineTensor } from './engine.js';

ort.env.logLevel = 'error';

export const engine: Engine = {
  name: 'onnxruntime-node',
  provider: 'cpu',
  version: ort.env.versions.node ?? ort.env.versions.common,
  tensor: (dtype, data, shape) => new ort.Tensor(dtype, data as Float32Array, shape) as EngineTensor,
  configure: () => {},
  async createSession(model, options) {
    const session = await ort.InferenceSession.create(model as string, {
      executionProviders: [options.device],
      ...(options.threads > 0 ? { intraOpNumThreads: options.threads } : {}),
      graphOptimizationLevel: options.optimize ? 'all' : 'disabled',
      logSeverityLevel: 3,
      ...(options.onDevice !== undefined && options.device !== 'cpu' && { preferredOutputLocation: keptOnDevice(options.onDevice) }),
      ...(options.external === undefined ? {} : { externalData: [...options.external] }),
      // Idle threads that spin take the cores from whatever runs next: 2 to 4 times slower when sessions alternate.
      extra: {
        session: {
          force_spinning_stop: '1',
          ...(options.wholly && options.device !== 'cpu' && { disable_cpu_ep_fallback: '1' }),
          ...(options.folder !== undefined && { model_external_initializers_file_folder_path: options.folder }),
        },
      },
      ...(options.profile === undefined ? {} : { enableProfiling: true, profileFilePrefix: options.profile }),
    });
    return wrap(session);
  },
};

function keptOnDevice(names: readonly string[]): Record<string, 'gpu-buffer'> {
  return Object.fromEntries(names.map((name) => [name, 'gpu-buffer']));
}

function wrap(session: ort.InferenceSession): EngineSession {
  return {
    run: async (feeds, fetches) =>
      (await session.run(
        feeds as unknown as ort.InferenceSession.OnnxValueMapType,
        fetches as ort.InferenceSession.FetchesType,
      )) as unknown as Record<string, EngineTensor>,
    release: () => session.release(),
    endProfiling: () => session.endProfiling(),
  };
}
