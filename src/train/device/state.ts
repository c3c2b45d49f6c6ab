import { type EngineTensor, own } from '../../runtime/index.js';
import type { GroupedParameter } from '../groups.js';
import { ruleOf } from '../optimizers/index.js';
import { elements } from '../storage.js';
import type { Setup, TrainingState } from '../worker/protocol.js';
import { type DeviceArrays, type Shapes, Transfer } from './transfer.js';
import { arrayName, newName } from './update-program.js';

type Values = Readonly<Record<string, Float32Array>>;

/** The arrays of a run on a device: values, averages where they are kept, and what the optimiser remembers. */
export class DeviceState {
  readonly #trained: readonly GroupedParameter[];
  /** What the optimiser remembers, by slot: the parameters that have it. */
  readonly #slots: ReadonlyMap<string, readonly { readonly name: string; readonly shape: readonly number[] }[]>;
  readonly #values: Transfer;
  readonly #averages: Transfer;
  readonly #memories: Transfer;
  readonly #memoryShapes: Shapes;
  readonly #keepsAverages: boolean;
  readonly #disown: () => void;
  #arrays: Record<string, EngineTensor> = {};

  constructor({ parameters, optimizer, average, program: { device } }: Setup) {
    this.#trained = parameters.filter((p) => !p.frozen);
    const slots = new Map<string, { name: string; shape: readonly number[] }[]>();
    for (const p of this.#trained) {
      for (const [slot, shape] of Object.entries(ruleOf(optimizer).slots(optimizer, p))) {
        slots.set(slot, [...(slots.get(slot) ?? []), { name: p.name, shape }]);
      }
    }
    this.#slots = slots;
    this.#keepsAverages = average > 0;
    const valueShapes = Object.fromEntries(parameters.map((p) => [arrayName.value(p.name), p.shape]));
    const averageShapes = Object.fromEntries((average > 0 ? this.#trained : []).map((p) => [arrayName.average(p.name), p.shape]));
    this.#memoryShapes = Object.fromEntries(
      [...slots].flatMap(([slot, of]) => of.map(({ name, shape }) => [arrayName.slot(slot, name), shape])),
    );
    this.#values = new Transfer(valueShapes, device);
    this.#averages = new Transfer(averageShapes, device);
    this.#memories = new Transfer(this.#memoryShapes, device);
    const held = [valueShapes, averageShapes, this.#memoryShapes].flatMap((shapes) => Object.values(shapes));
    this.#disown = own({ kind: 'training storage', bytes: held.reduce((sum, shape) => sum + 4 * elements(shape), 0) });
  }

  /** Values as they are trained, or as they are judged: averaged where averages are kept. */
  value(parameter: string, { current }: { readonly current: boolean }): EngineTensor {
    const judged = current ? undefined : this.#arrays[arrayName.average(parameter)];
    return judged ?? (this.#arrays[arrayName.value(parameter)] as EngineTensor);
  }

  /** Everything, as the update takes it. */
  get arrays(): DeviceArrays {
    return this.#arrays;
  }

  /** Puts an update's results in the place of what was there. */
  adopt(names: readonly string[], results: DeviceArrays): void {
    for (const name of names) {
      this.#arrays[name]?.dispose();
      this.#arrays[name] = results[newName(name)] as EngineTensor;
    }
  }

  /** Copies by parameter name. */
  async parameters({ current }: { readonly current: boolean }): Promise<Record<string, Float32Array>> {
    const values = without('parameter:', await this.#values.download(this.#arrays));
    return current ? values : { ...values, ...(await this.#averaged()) };
  }

  async state(): Promise<TrainingState> {
    const memories = await this.#memories.download(this.#arrays);
    const bySlot = [...this.#slots].map(([slot, of]) => [
      slot,
      Object.fromEntries(of.map(({ name }) => [name, memories[arrayName.slot(slot, name)]])),
    ]);
    return {
      parameters: await this.parameters({ current: true }),
      optimizer: Object.fromEntries(bySlot) as TrainingState['optimizer'],
      ...(this.#keepsAverages && { average: await this.#averaged() }),
    };
  }

  /** Begins, or begins again: zeros are what an optimiser remembers that has not yet made a step. */
  async restore({ parameters, optimizer, average }: TrainingState): Promise<void> {
    const isNew = Object.keys(optimizer).length === 0;
    const memories: Values = Object.fromEntries(
      [...this.#slots].flatMap(([slot, of]) =>
        of.map(({ name, shape }) => {
          const given = isNew ? new Float32Array(elements(shape)) : optimizer[slot]?.[name];
          return [arrayName.slot(slot, name), given as Float32Array];
        }),
      ),
    );
    const uploaded = [
      await this.#values.upload(named(arrayName.value, parameters)),
      await this.#averages.upload(named(arrayName.average, average ?? parameters)),
      await this.#memories.upload(memories),
    ];
    this.#free();
    this.#arrays = Object.assign({}, ...uploaded);
  }

  async dispose(): Promise<void> {
    this.#disown();
    this.#free();
    for (const transfer of [this.#values, this.#averages, this.#memories]) await transfer.dispose();
  }

  async #averaged(): Promise<Record<string, Float32Array>> {
    return without('average:', await this.#averages.download(this.#arrays));
  }

  #free(): void {
    for (const tensor of Object.values(this.#arrays)) tensor.dispose();
    this.#arrays = {};
  }
}

function named(nameOf: (parameter: string) => string, values: Values): Values {
  return Object.fromEntries(Object.entries(values).map(([name, array]) => [nameOf(name), array]));
}

function without(prefix: string, values: Values): Record<string, Float32Array> {
  return Object.fromEntries(Object.entries(values).map(([name, array]) => [name.slice(prefix.length), array]));
}
