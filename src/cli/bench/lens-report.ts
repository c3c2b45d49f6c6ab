import type { LensFigures } from './lens.node.js';
import type { Summary } from './statistics.js';

/** The figures as a table. */
export function lensTable({ machine, threads, parameters, size, sweep, ...figures }: LensFigures): string {
  const times = ({ median, min, max }: Summary): string => `${median.toFixed(1)} | ${min.toFixed(1)} to ${max.toFixed(1)}`;
  const percent = (ratio: number): string => `${(100 * (ratio - 1)).toFixed(1)}%`;
  return [
    `${machine.cpu}, ${threads} threads, Node ${machine.node}, ONNX Runtime ${machine.onnxruntime}`,
    '',
    `${(parameters / 1e6).toFixed(1)}M parameters, ${size.look.length} tokens, ${size.rounds} rounds in turn`,
    '',
    '| | ms, median | range | over the forward pass |',
    '| --- | --- | --- | --- |',
    `| forward pass | ${times(figures.forward)} | |`,
    `| with every pattern | ${times(figures.patterns)} | ${percent(figures.patternsToForward)} |`,
    `| with a head zeroed | ${times(figures.intervention)} | ${percent(figures.interventionToForward)} |`,
    '',
    `sweep: ${sweep.cells} cells, ${size.swept.length} tokens: ${sweep.seconds.toFixed(2)} s, ${sweep.batch} together; ` +
      `a cell ${sweep.msPerCell.toFixed(2)} ms, by itself ${sweep.msPerCellApart.toFixed(2)} ms`,
  ].join('\n');
}
