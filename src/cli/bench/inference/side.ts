import { Decoder } from '../../../generate/index.js';
import type { GPT2 } from '../../../models/index.js';
import { type InferenceSize, type SlotName, slotNames, slotOf } from './size.js';

/** Milliseconds of each run, and the last row's logits after the last, [V]. */
export interface Reading {
  readonly ms: readonly number[];
  readonly logits: ArrayLike<number>;
}

/** One of those that are compared. */
export interface InferenceSide {
  /** Reads a prompt into a slot, which forgets what it held. @param ids [B][T] */
  read(slot: SlotName, ids: readonly (readonly number[])[]): Promise<Reading>;
  /** Goes on by tokens, one run each, then back to where the slot was. @param ids [count][B] */
  step(slot: SlotName, ids: readonly (readonly number[])[]): Promise<Reading>;
}

/** Ours: a decoder for each slot, used as `generate` does. */
export class OurInference implements InferenceSide {
  private constructor(private readonly decoders: Readonly<Record<SlotName, Decoder>>) {}

  static async create(model: GPT2, size: InferenceSize, threads: number): Promise<OurInference> {
    const made: [SlotName, Decoder][] = [];
    for (const slot of slotNames) made.push([slot, await Decoder.create(model, { threads, batch: slotOf(size, slot).batch })]);
    return new OurInference(Object.fromEntries(made) as Record<SlotName, Decoder>);
  }

  async read(slot: SlotName, ids: readonly (readonly number[])[]): Promise<Reading> {
    const decoder = this.decoders[slot];
    const begun = performance.now();
    let logits: Float32Array = new Float32Array(0);
    for (const [row, text] of ids.entries()) logits = await decoder.readRow(row, text);
    return { ms: [performance.now() - begun], logits };
  }

  async step(slot: SlotName, ids: readonly (readonly number[])[]): Promise<Reading> {
    const decoder = this.decoders[slot];
    const { length, vocabulary } = decoder;
    const ms: number[] = [];
    let logits: Float32Array = new Float32Array(0);
    for (const row of ids) {
      const begun = performance.now();
      logits = await decoder.append(row);
      ms.push(performance.now() - begun);
    }
    decoder.keep(length);
    return { ms, logits: logits.subarray(-vocabulary) };
  }

  async dispose(): Promise<void> {
    for (const decoder of Object.values(this.decoders)) await decoder.dispose();
  }
}
