import { fail } from '../core/index.js';

/** Where one parameter lies: an offset, in elements, into each of the four regions. */
export interface Slot {
  readonly name: string;
  readonly shape: readonly number[];
  readonly offset: number;
  readonly size: number;
}

/** Where everything lies, worked out before training: memory never grows while views are live. */
export interface StorageLayout {
  readonly slots: readonly Slot[];
  /** Elements of the parameters that decay (they come first), and of all. */
  readonly decayed: number;
  readonly total: number;
  /** Element offsets of the dropout masks, after the regions. */
  readonly masks: readonly { readonly name: string; readonly offset: number; readonly size: number }[];
  /** Regions of `total` elements: parameters, gradients, first and second moments, and sums of gradients where they accumulate. */
  readonly regions: number;
  readonly bytes: number;
}

/** Views start at multiples of 64 bytes. */
const align = (elements: number): number => Math.ceil(elements / 16) * 16;
const pageBytes = 65536;
/** One WebAssembly memory ends at 4 GiB. */
const largestBytes = 65536 * pageBytes;

export interface LayoutInput {
  readonly name: string;
  readonly shape: readonly number[];
}

/** Lays out parameters (matrices first: they decay), gradients, moments and masks in one memory. */
export function layOut(parameters: readonly LayoutInput[], masks: readonly LayoutInput[], accumulate: boolean): StorageLayout {
  const elements = (p: LayoutInput): number => p.shape.reduce((a, b) => a * b, 1);
  const ordered = [...parameters.filter((p) => p.shape.length >= 2), ...parameters.filter((p) => p.shape.length < 2)];
  let total = 0;
  let decayed = 0;
  const slots = ordered.map((p) => {
    const slot = { name: p.name, shape: p.shape, offset: total, size: elements(p) };
    total += align(slot.size);
    if (p.shape.length >= 2) decayed = total;
    return slot;
  });
  const regions = accumulate ? 5 : 4;
  let at = total * regions;
  const placed = masks.map((m) => {
    const mask = { name: m.name, offset: at, size: elements(m) };
    at += align(mask.size);
    return mask;
  });
  if (at * 4 > largestBytes) {
    throw fail('unsupported', {
      where: 'training storage',
      rule: 'parameters, gradients, moments and masks within 4 GiB, the largest WebAssembly memory',
      got: `${(at * 4) / 2 ** 30} GiB`,
      fix: 'Use a smaller model, or a smaller batch with dropout',
    });
  }
  return { slots, decayed, total, masks: placed, regions, bytes: at * 4 };
}

/** Regions of the storage, in order. */
export const region = { parameters: 0, gradients: 1, firstMoments: 2, secondMoments: 3, sums: 4 } as const;

/** The one memory of a training run. */
export class Storage {
  readonly memory: WebAssembly.Memory;

  constructor(readonly layout: StorageLayout) {
    const pages = Math.max(1, Math.ceil(layout.bytes / pageBytes));
    this.memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
  }

  /** Byte offset of a region. */
  at(which: number): number {
    return which * this.layout.total * 4;
  }

  /** One parameter's part of a region, as a view. */
  view(which: number, slot: Slot): Float32Array {
    return new Float32Array(this.memory.buffer, this.at(which) + slot.offset * 4, slot.size);
  }

  /** A copy of every parameter's part of a region, by name. */
  copy(which: number): Record<string, Float32Array> {
    return Object.fromEntries(this.layout.slots.map((s) => [s.name, this.view(which, s).slice()]));
  }

  /** Sets every parameter's part of a region. */
  set(which: number, values: Readonly<Record<string, Float32Array>>): void {
    for (const slot of this.layout.slots) {
      const given = values[slot.name];
      if (given === undefined || given.length !== slot.size) {
        throw fail('shape', { where: `training storage, ${slot.name}`, rule: `${slot.size} numbers`, got: String(given?.length) });
      }
      this.view(which, slot).set(given);
    }
  }
}
