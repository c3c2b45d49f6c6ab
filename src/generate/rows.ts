import type { LanguageModel } from '../models/index.js';
import { type CachedModel, Decoder } from './decoder.js';
import type { NextTokens, NextTokensOptions } from './next-tokens.js';
import type { Captured } from './outputs.js';
import { Recomputer } from './recomputer.js';
import { type StatefulModel, StateReader, stateRows } from './state-reader.js';

/** What the decoding loop reads tokens with: rows of texts, each of its own length. */
export interface Rows {
  /** Most tokens a row can hold. */
  readonly context: number;
  /** Tokens that a row holds. */
  length(row: number): number;
  /** Reads tokens into a row, which forgets what it held. @returns the logits of what comes next, [V] */
  read(row: number, ids: readonly number[]): Promise<Next>;
  /** Reads one more token in some rows. @param ids per row, undefined where it does not go on @returns the same per row */
  step(ids: readonly (number | undefined)[]): Promise<(Next | undefined)[]>;
  /**
   * Row r becomes a copy of row `from[r]` and reads the last token of text r.
   * @param texts all tokens of each text, as many as rows or fewer
   */
  follow(from: readonly number[], texts: readonly (readonly number[])[]): Promise<Next[]>;
}

/** What is known after reading: the logits of the next token, [V], and what `capture` asked for. */
export interface Next {
  readonly logits: Float32Array;
  readonly captured: Captured;
}

/** Rows of one decoder: all go on in one run. */
export function decoderRows(decoder: Decoder): Rows {
  const { vocabulary, context, batch } = decoder;
  const every = Array.from({ length: batch }, (_, row) => row);
  const rows: Rows = {
    context,
    length: (row) => decoder.lengths[row] as number,
    read: async (row, ids) => ({ logits: await decoder.readRow(row, ids), captured: decoder.captured() }),
    step: async (ids) => {
      const active = ids.map((id) => id !== undefined);
      const logits = await decoder.append(
        ids.map((id) => id ?? 0),
        active,
      );
      return active.map((on, row) =>
        on ? { logits: logits.subarray(row * vocabulary, (row + 1) * vocabulary), captured: decoder.captured(row) } : undefined,
      );
    },
    follow: async (from, texts) => {
      decoder.select(every.map((row) => from[row] ?? row));
      const read = await rows.step(every.map((row) => texts[row]?.at(-1)));
      return read.filter((next) => next !== undefined);
    },
  };
  return rows;
}

/** A reader for each row: each goes on by itself. */
export function separateRows(sources: readonly NextTokens[]): Rows {
  const append = async (row: number, ids: readonly number[]): Promise<Next> => {
    const source = sources[row] as NextTokens;
    return { logits: await source.append(ids), captured: source.captured?.() ?? {} };
  };
  return {
    context: Math.min(...sources.map((source) => source.context)),
    length: (row) => (sources[row] as NextTokens).length,
    read: (row, ids) => {
      sources[row]?.reset();
      return append(row, ids);
    },
    step: async (ids) => {
      const all: (Next | undefined)[] = [];
      for (const [row, id] of ids.entries()) all.push(id === undefined ? undefined : await append(row, [id]));
      return all;
    },
    // Such a source reads everything again in any case.
    follow: async (_, texts) => {
      const all: Next[] = [];
      for (const [row, ids] of texts.entries()) {
        sources[row]?.reset();
        all.push(await append(row, ids));
      }
      return all;
    },
  };
}

/** Rows of a model, and how to give back what they hold. */
export async function rowsOf(
  model: LanguageModel,
  count: number,
  options: NextTokensOptions,
): Promise<Rows & { dispose(): Promise<void> }> {
  if (model.cache === undefined && model.carries !== undefined) {
    const reader = new StateReader(model as StatefulModel, options);
    return { ...stateRows(reader, count), dispose: () => reader.dispose() };
  }
  if (model.cache === undefined) {
    const sources = Array.from({ length: count }, () => new Recomputer(model, options));
    const dispose = async (): Promise<void> => {
      await Promise.all(sources.map((source) => source.dispose()));
    };
    return { ...separateRows(sources), dispose };
  }
  const decoder = await Decoder.create(model as CachedModel, { ...options, batch: count });
  return { ...decoderRows(decoder), dispose: () => decoder.dispose() };
}
