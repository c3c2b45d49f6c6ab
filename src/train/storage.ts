import { fail } from '../core/index.js';
import type { GroupedParameter } from './groups.js';

/** Part of the memory: where it begins, in bytes, and how many float32 it holds. */
export interface Span {
  readonly at: number;
  readonly size: number;
}

/** Where one parameter lies, and for trained ones what belongs to it. */
export interface PlacedParameter extends GroupedParameter {
  readonly parameter: Span;
  /** Undefined for frozen ones, as are the following. */
  readonly gradient: Span | undefined;
  /** The moving average of the parameter's values, where one is kept. */
  readonly average: Span | undefined;
  /** What the optimiser remembers, by slot name. */
  readonly slots: ReadonlyMap<string, Span>;
}

/** Where everything lies, worked out before training: memory never grows while views are live. */
export interface StorageLayout {
  readonly parameters: readonly PlacedParameter[];
  /** All gradients in one stretch, and their sums where several passes make a step. */
  readonly gradients: Span;
  readonly sums: Span | undefined;
  /** Room for the optimiser, and for the values before an update. */
  readonly scratch: Span;
  readonly before: Span;
  /** Room for gradients that another lane computed. */
  readonly other: Span | undefined;
  readonly masks: readonly Span[];
  readonly bytes: number;
}

export interface LayoutInput {
  readonly parameters: readonly GroupedParameter[];
  /** What the optimiser remembers of a parameter, and the room it works in. */
  readonly slots: (parameter: GroupedParameter) => Readonly<Record<string, readonly number[]>>;
  readonly scratch: (parameter: GroupedParameter) => number;
  readonly masks: readonly { readonly shape: readonly number[] }[];
  /** Whether gradients of several passes add up, and whether averages of the values are kept. */
  readonly accumulates: boolean;
  readonly averages: boolean;
  /** How many gradients of another lane are held at once: all of them, or a few; none by default. */
  readonly other?: 'all' | 'some';
}

/** Gradients of another lane that are held at once where it is `some`: 256 KiB, which a core's own cache holds. */
export const someGradients = 65536;

const pageBytes = 65536;
/** One WebAssembly memory ends at 4 GiB. */
const largestBytes = 65536 * pageBytes;

export function elements(shape: readonly number[]): number {
  return shape.reduce((a, b) => a * b, 1);
}

/** Hands out stretches of the memory from its beginning, each at a multiple of 64 bytes. */
class Plan {
  bytes = 0;

  span(size: number): Span {
    const span = { at: this.bytes, size };
    this.bytes += Math.ceil(size / 16) * 64;
    return span;
  }
}

/** Lays out parameters, gradients, averages, what the optimiser remembers, and masks in one memory. */
export function layOut({ parameters, slots, scratch, masks, accumulates, averages, other }: LayoutInput): StorageLayout {
  const plan = new Plan();
  const trained = parameters.filter((p) => !p.frozen);
  const values = new Map(parameters.map((p) => [p.name, plan.span(elements(p.shape))]));
  const begin = plan.bytes;
  const gradientOf = new Map(trained.map((p) => [p.name, plan.span(elements(p.shape))]));
  const gradients = { at: begin, size: (plan.bytes - begin) / 4 };
  const sums = accumulates ? plan.span(gradients.size) : undefined;
  const placed = parameters.map((p): PlacedParameter => {
    const wanted = p.frozen ? {} : slots(p);
    return {
      ...p,
      parameter: values.get(p.name) as Span,
      gradient: gradientOf.get(p.name),
      average: averages && !p.frozen ? plan.span(elements(p.shape)) : undefined,
      slots: new Map(Object.entries(wanted).map(([slot, shape]) => [slot, plan.span(elements(shape))])),
    };
  });
  const most = (sizes: readonly number[]): number => sizes.reduce((a, b) => Math.max(a, b), 0);
  const layout = {
    parameters: placed,
    gradients,
    sums,
    scratch: plan.span(most(trained.map(scratch))),
    before: plan.span(most(trained.map((p) => elements(p.shape)))),
    other: other && plan.span(other === 'all' ? gradients.size : Math.min(gradients.size, someGradients)),
    masks: masks.map((m) => plan.span(elements(m.shape))),
  };
  if (plan.bytes > largestBytes) {
    throw fail('unsupported', {
      where: 'training storage',
      rule: 'parameters, gradients, what the optimiser remembers and masks within 4 GiB, the largest WebAssembly memory',
      got: `${(plan.bytes / 2 ** 30).toFixed(2)} GiB`,
      fix: 'Use a smaller model, freeze a part of it, or take smaller micro-batches with dropout',
    });
  }
  return { ...layout, bytes: plan.bytes };
}

/** The one memory of a training run. */
export class Storage {
  readonly memory: WebAssembly.Memory;

  constructor(readonly layout: StorageLayout) {
    const pages = Math.max(1, Math.ceil(layout.bytes / pageBytes));
    this.memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
  }

  view({ at, size }: Span): Float32Array {
    return new Float32Array(this.memory.buffer, at, size);
  }

  /** Copies of one span of every parameter that has it, by name. */
  copy(spanOf: (p: PlacedParameter) => Span | undefined): Record<string, Float32Array> {
    const copies: Record<string, Float32Array> = {};
    for (const p of this.layout.parameters) {
      const span = spanOf(p);
      if (span !== undefined) copies[p.name] = this.view(span).slice();
    }
    return copies;
  }

  /** Sets one span of every parameter that has it. @throws shape: an array is missing or of another size */
  set(spanOf: (p: PlacedParameter) => Span | undefined, values: Readonly<Record<string, Float32Array>>, what: string): void {
    for (const p of this.layout.parameters) {
      const span = spanOf(p);
      if (span === undefined) continue;
      const given = values[p.name];
      if (given === undefined || given.length !== span.size) {
        const got = given === undefined ? 'none' : String(given.length);
        const fix = 'They must be of this model and this optimiser, by parameter name';
        throw fail('shape', { where: `training storage, ${what} of ${p.name}`, rule: `${span.size} numbers`, got, fix });
      }
      this.view(span).set(given);
    }
  }
}
