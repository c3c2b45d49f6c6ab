import { engine } from '#engine';
import { type DType, fail, HostArray, type TypedArray } from '../core/index.js';
import type { EngineSession, EngineSettings, EngineTensor, SessionOptions } from './engine/engine.js';
import { own } from './memory.js';

/** A forgotten session is released when it is collected; dispose() remains the way to know when. */
const forgotten = new FinalizationRegistry<() => void>((release) => release());

/** A lowered program ready to run: owns an ONNX Runtime session until disposed. */
export class Session {
  readonly #session: EngineSession;
  readonly #disown: () => void;
  /** The engine may read initializers where they lie for as long as it runs: so they are kept from collection. */
  readonly external: SessionOptions['external'];
  #live = true;

  private constructor(session: EngineSession, bytes: number, external: SessionOptions['external']) {
    this.#session = session;
    this.external = external;
    const disown = own({ kind: 'program', bytes });
    this.#disown = disown;
    forgotten.register(
      this,
      () => {
        disown();
        void session.release();
      },
      this,
    );
  }

  static async create(model: Uint8Array | string, options: SessionOptions): Promise<Session> {
    try {
      const held = (options.external ?? []).reduce((n, { data }) => n + data.length, 0);
      const session = await engine.createSession(model, options);
      return new Session(session, held + (typeof model === 'string' ? 0 : model.length), options.external);
    } catch (error) {
      throw engineError('creating a session', error);
    }
  }

  /** Runs with the feeds; an output whose tensor is given is written into its memory. */
  async run(
    feeds: Readonly<Record<string, EngineTensor>>,
    fetches: Readonly<Record<string, EngineTensor | null>>,
  ): Promise<Record<string, EngineTensor>> {
    if (!this.#live) throw fail('disposed', { where: 'Session.run', rule: 'a program that is not disposed', fix: 'Compile it again' });
    try {
      return await this.#session.run(feeds, fetches);
    } catch (error) {
      throw engineError('running a program', error);
    }
  }

  /** Writes the profile that `options.profile` asked for. */
  endProfiling(): void {
    this.#session.endProfiling();
  }

  /** Releases the session; calling it again is harmless. */
  async dispose(): Promise<void> {
    if (!this.#live) return;
    this.#live = false;
    forgotten.unregister(this);
    this.#disown();
    await this.#session.release();
  }
}

/** ONNX Runtime's message names the node, and node names carry the module path. */
function engineError(where: string, error: unknown): Error {
  const got = String((error as Error).message ?? error)
    .replaceAll('\n', ' ')
    .slice(0, 400);
  if (got.includes('Failed to get a WebGPU adapter')) {
    const fix = "Install the GPU's driver (Vulkan on Linux), or use one that computes on the CPU: the page on training says how";
    return fail('unsupported', { where, rule: 'a WebGPU adapter', got: 'none that this machine supports', fix, cause: error });
  }
  return fail('engine', { where, rule: 'ONNX Runtime accepts the program', got, cause: error });
}

/** Settings of the engine in this thread; a training worker is given its own through `train`'s `engine`. */
export function configureEngine(settings: EngineSettings): void {
  engine.configure(settings);
}

/** A tensor for the engine over existing memory. */
export function engineTensor(dtype: DType, data: TypedArray, shape: readonly number[]): EngineTensor {
  return engine.tensor(dtype, data, shape);
}

/** A result as a host array. */
export function fromEngine(tensor: EngineTensor, dtype: DType): HostArray {
  // Newer JavaScript has a Float16Array; float16 is storage here, held as its bits.
  const { buffer, byteOffset, length } = tensor.data;
  const data = dtype === 'float16' ? new Uint16Array(buffer, byteOffset, length) : tensor.data;
  return new HostArray(data, [...tensor.dims], dtype);
}
