import { fail } from '../../core/index.js';
import { encodeModel } from '../../onnx/index.js';
import { input } from '../../ops/index.js';
import { type EngineTensor, engineTensor, lowerProgram, Session } from '../../runtime/index.js';
import type { StepProgram } from '../step-program.js';
import { elements } from '../storage.js';

/** Arrays on a device, by name. */
export type DeviceArrays = Readonly<Record<string, EngineTensor>>;

/** Shapes of float32 arrays, by name. */
export type Shapes = Readonly<Record<string, readonly number[]>>;

/**
 * Takes arrays of known shapes to a device and back. ONNX Runtime's binding for Node has no call for either (`getData` of
 * a tensor on a device is not implemented there), but a program whose outputs are its inputs does both: what differs is
 * where its outputs are wanted.
 */
export class Transfer {
  readonly #model: Uint8Array;
  #up: Promise<Session> | undefined;
  #down: Promise<Session> | undefined;

  constructor(
    private readonly shapes: Shapes,
    private readonly device: StepProgram['device'],
  ) {
    const inputs = Object.entries(shapes).map(([name, shape]) => ({ name: `in:${name}`, spec: input(`in:${name}`, shape) }));
    const outputs = Object.fromEntries(Object.keys(shapes).map((name, i) => [name, (inputs[i] as (typeof inputs)[number]).spec]));
    this.#model = inputs.length === 0 ? new Uint8Array() : encodeModel(lowerProgram(outputs, inputs, { device }).model);
  }

  /** @throws shape: an array is missing or of another size */
  async upload(values: Readonly<Record<string, Float32Array>>): Promise<DeviceArrays> {
    if (this.#isEmpty()) return {};
    this.#up ??= Session.create(this.#model, { device: this.device, threads: 0, optimize: false, onDevice: Object.keys(this.shapes) });
    const feeds: Record<string, EngineTensor> = {};
    for (const [name, shape] of Object.entries(this.shapes)) {
      const given = values[name];
      if (given?.length !== elements(shape)) {
        const fix = 'They must be of this model and this optimiser, by parameter name';
        const got = given === undefined ? 'none' : String(given.length);
        throw fail('shape', { where: `training on a device, ${name}`, rule: `${elements(shape)} numbers`, got, fix });
      }
      feeds[`in:${name}`] = engineTensor('float32', given, shape);
    }
    return (await this.#up).run(feeds, this.#fetches());
  }

  async download(arrays: DeviceArrays): Promise<Record<string, Float32Array>> {
    if (this.#isEmpty()) return {};
    this.#down ??= Session.create(this.#model, { device: this.device, threads: 0, optimize: false });
    const feeds = Object.fromEntries(Object.keys(this.shapes).map((name) => [`in:${name}`, arrays[name] as EngineTensor]));
    const results = await (await this.#down).run(feeds, this.#fetches());
    // Copied: arrays are handed over to other threads, and the engine's memory cannot be.
    return Object.fromEntries(Object.entries(results).map(([name, tensor]) => [name, Float32Array.from(tensor.data as Float32Array)]));
  }

  async dispose(): Promise<void> {
    for (const session of [this.#up, this.#down]) await (await session)?.dispose();
  }

  #isEmpty(): boolean {
    return this.#model.length === 0;
  }

  #fetches(): Record<string, null> {
    return Object.fromEntries(Object.keys(this.shapes).map((name) => [name, null]));
  }
}
