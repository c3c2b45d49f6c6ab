import type { TokenBatch } from '../../datasets/index.js';
import { type EngineTensor, engineTensor, Session } from '../../runtime/index.js';
import type { GroupedParameter } from '../groups.js';
import { ruleOf } from '../optimizers/index.js';
import type { Setup } from '../worker/protocol.js';
import { batchFeeds } from '../worker/sessions.js';
import { traceRatio, traceSums } from './array-programs.js';
import { MaskMaker } from './mask-maker.js';
import { parameterFeeds } from './shelf.js';
import type { DeviceState } from './state.js';
import { type DeviceArrays, type Shapes, Transfer } from './transfer.js';
import { arrayName, newName, traceUpdate, type UpdateProgram } from './update-program.js';

/** How an update is to be made of summed gradients. */
export interface UpdateSettings {
  /** Steps done before it. */
  readonly step: number;
  readonly factor: number;
  /** What the sums are to be divided by. */
  readonly count: number;
}

export interface UpdateResult {
  readonly loss: number;
  readonly norm: number;
  /** The arrays after it, to be adopted or disposed of. */
  readonly arrays: DeviceArrays;
}

/** The programs of a step on a device. Between them arrays stay there: batches and masks go in, two numbers come out. */
export class DeviceStep {
  #ratio: Promise<Session> | undefined;
  /** Milliseconds that the last step's masks took. */
  drawing = 0;

  private constructor(
    private readonly setup: Setup,
    private readonly shapes: Shapes,
    private readonly masks: MaskMaker,
    private readonly pass: Session,
    private readonly sum: Session | undefined,
    private readonly update: UpdateProgram & { readonly session: Session },
    private readonly transfer: Transfer,
  ) {}

  /** @param wholly refuses programs of which a part would run on the CPU */
  static async create(setup: Setup, trained: readonly GroupedParameter[], wholly: boolean): Promise<DeviceStep> {
    const { program, optimizer, clip, average } = setup;
    const device = { device: program.device };
    const open = (onnx: Uint8Array, onDevice: readonly string[]): Promise<Session> =>
      Session.create(onnx, { ...device, threads: program.threads, optimize: false, onDevice, wholly });
    // Summed with the gradients, so that nothing is read before the step is done.
    const shapes: Shapes = { loss: [], ...Object.fromEntries(trained.map((p) => [arrayName.gradient(p.name), p.shape])) };
    const names = Object.keys(shapes);
    const update = traceUpdate({ optimizer, parameters: trained, clip, average }, device);
    return new DeviceStep(
      setup,
      shapes,
      await MaskMaker.create(program.masks, setup.seed),
      await open(program.onnx, names),
      setup.accumulate > 1 ? await open(traceSums(shapes, device), names.map(newName)) : undefined,
      { ...update, session: await open(update.onnx, update.arrays.map(newName)) },
      new Transfer(shapes, program.device),
    );
  }

  /** The arrays that an update makes anew. */
  get updated(): readonly string[] {
    return this.update.arrays;
  }

  /** Loss and gradients of a step's passes, summed. @param draw keys the masks */
  async gradients(batches: readonly TokenBatch[], draw: number, state: DeviceState): Promise<DeviceArrays> {
    const { program, accumulate } = this.setup;
    let sums: DeviceArrays | undefined;
    this.drawing = 0;
    for (const [part, batch] of batches.entries()) {
      const begun = performance.now();
      const masks = this.masks.draw(draw * accumulate + part);
      this.drawing += performance.now() - begun;
      const parameters = parameterFeeds(program, (name) => state.value(name, { current: true }));
      const feeds = { ...parameters, ...batchFeeds(program, batch), ...masks };
      const found = await this.pass.run(
        feeds,
        this.#wanted((name) => name),
      );
      sums = sums === undefined ? found : await this.#add(sums, found);
    }
    return sums as DeviceArrays;
  }

  /** The whole update: nothing is changed but by adopting its arrays. */
  async apply(gradients: DeviceArrays, { step, factor, count }: UpdateSettings, state: DeviceState): Promise<UpdateResult> {
    const { optimizer } = this.setup;
    const numbers: Record<string, number> = { count, factor, ...ruleOf(optimizer).numbers(optimizer, step + 1) };
    const scalars = this.update.scalars.map((name) => [name, engineTensor('float32', Float32Array.of(numbers[name] as number), [])]);
    const taken = Object.fromEntries(this.update.arrays.map((name) => [name, state.arrays[name] as EngineTensor]));
    const wanted = ['loss', 'norm', ...this.update.arrays].map((name) => [newName(name), null]);
    const results = await this.update.session.run({ ...gradients, ...taken, ...Object.fromEntries(scalars) }, Object.fromEntries(wanted));
    const { [newName('loss')]: loss, [newName('norm')]: norm, ...arrays } = results as Record<string, EngineTensor>;
    return { loss: numberOf(loss), norm: numberOf(norm), arrays };
  }

  /** ‖Δθ‖/‖θ‖ of an update that is not yet adopted. */
  async ratio(state: DeviceState, after: DeviceArrays): Promise<number> {
    const { parameters, program } = this.setup;
    const shapes = Object.fromEntries(parameters.filter((p) => !p.frozen).map((p) => [arrayName.value(p.name), p.shape]));
    const { device, threads } = program;
    this.#ratio ??= Session.create(traceRatio(shapes, { device }), { device, threads, optimize: false });
    const feeds = Object.keys(shapes).flatMap((name) => [
      [`a:${name}`, state.arrays[name]],
      [`b:${name}`, after[newName(name)]],
    ]);
    const { changed, weights } = await (await this.#ratio).run(Object.fromEntries(feeds), { changed: null, weights: null });
    return Math.sqrt(numberOf(changed) / Math.max(numberOf(weights), Number.MIN_VALUE));
  }

  /** Sums of gradients, and `loss`, as arrays. */
  async read(gradients: DeviceArrays): Promise<Record<string, Float32Array>> {
    return this.transfer.download(gradients);
  }

  /** Gradients as `gradients` gives them. */
  async write(gradients: Readonly<Record<string, Float32Array>>): Promise<DeviceArrays> {
    return this.transfer.upload(gradients);
  }

  async dispose(): Promise<void> {
    for (const session of [this.pass, this.sum, this.update.session, await this.#ratio]) await session?.dispose();
    await this.transfer.dispose();
  }

  async #add(a: DeviceArrays, b: DeviceArrays): Promise<DeviceArrays> {
    const feeds = Object.keys(this.shapes).flatMap((name) => [
      [`a:${name}`, a[name]],
      [`b:${name}`, b[name]],
    ]);
    const results = await (this.sum as Session).run(Object.fromEntries(feeds), this.#wanted(newName));
    free(a);
    free(b);
    return Object.fromEntries(Object.keys(this.shapes).map((name) => [name, results[newName(name)] as EngineTensor]));
  }

  #wanted(nameOf: (name: string) => string): Record<string, null> {
    return Object.fromEntries(Object.keys(this.shapes).map((name) => [nameOf(name), null]));
  }
}

/** Gives arrays back to the device. */
export function free(arrays: DeviceArrays): void {
  for (const tensor of Object.values(arrays)) tensor.dispose();
}

function numberOf(tensor: EngineTensor | undefined): number {
  return Number(tensor?.data[0]);
}
