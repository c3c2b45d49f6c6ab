import type { MatchReport } from './match.js';
import type { CheckpointSource } from './source.js';

/** What became of every tensor of a checkpoint: a model is loaded only where nothing is missing. */
export interface LoadReport {
  /** The file of the weights, or the folder. */
  readonly path: string;
  readonly format: CheckpointSource['format'];
  /** Our parameter names, each with the tensor that filled it and the type that it is stored in. */
  readonly matched: readonly { readonly name: string; readonly from: string; readonly dtype: string }[];
  /** Parameters that no tensor filled; all of them `allowMissing` named. */
  readonly missing: readonly string[];
  /** Tensors that were left unread: buffers, second copies of tied parameters, what `ignore` named. */
  readonly ignored: readonly string[];
  readonly parameters: number;
}

/** A match as its report. */
export function loadReport(source: CheckpointSource, match: MatchReport): LoadReport {
  const matched = [...match.assign].map(([name, { hfName }]) => ({ name, from: hfName, dtype: source.info(hfName).dtype }));
  // Tied parameters read one tensor; its numbers count once.
  const tensors = new Set(matched.map(({ from }) => from));
  const parameters = [...tensors].reduce((sum, name) => sum + source.info(name).shape.reduce((a, b) => a * b, 1), 0);
  return { path: source.path, format: source.format, matched, missing: match.allowed, ignored: match.ignored, parameters };
}
