import type { CellFigures, RecurrentBenchResult } from './recurrent.node.js';
import { cells, quietLoad } from './step-report.js';

/** The bench's figures for people. */
export function reportRecurrent({
  date,
  machine,
  threads,
  shape,
  torch,
  withoutTorch,
  cells: all,
  lstmOverRnn,
}: RecurrentBenchResult): string {
  const { batch, length, hidden } = shape;
  const lines = [
    `bench recurrent, ${date}: a layer forward and backward, B ${batch}, T ${length}, H ${hidden}${torch ? ", ours and PyTorch's in turn" : ''}`,
    `  machine   ${machine.cpu}, ${machine.cores} cores, ${machine.gibibytes} GiB, ${machine.system}`,
    `  ours      onnxruntime ${machine.onnxruntime}, node ${machine.node}, ${threads} threads`,
    torch
      ? `  PyTorch   ${torch.torch}, python ${torch.python}, ${torch.threads} threads, ${torch.blas}`
      : `  PyTorch   none: ${withoutTorch}`,
    ...all.flatMap(cellLines),
    '',
    ...lstmOverRnn.map(
      ({ hidden, length: steps, multiplyAdds, time }) =>
        `LSTM over RNN: ${multiplyAdds.toFixed(2)} times the multiply-adds, ${time.toFixed(2)} times the time (ours) at H ${hidden}, T ${steps}`,
    ),
  ];
  return `${lines.join('\n')}\n`;
}

function cellLines({ cell, ms, multiplyAdds, torch }: CellFigures): string[] {
  const head = ['', `${cell}: ${(multiplyAdds / 1e6).toFixed(0)} million multiply-adds forward`];
  if (torch === undefined) return [...head, `  ours      ${ms.toFixed(2)} ms, median`];
  const { timing, difference, othersLoad } = torch;
  return [
    ...head,
    `  equal     loss and norms of all gradients within ${difference.toExponential(1)}`,
    `  ms/step   ${'median'.padStart(9)}${'min'.padStart(9)}${'p90'.padStart(9)}`,
    `    ours    ${cells(timing.ours)}`,
    `    PyTorch ${cells(timing.theirs)}`,
    `  ratio     ${timing.ratio.toFixed(3)} (ours over PyTorch's; below 1: ours is faster); of the minima ${(timing.ours.min / timing.theirs.min).toFixed(3)}`,
    ...(othersLoad > quietLoad
      ? [`  NOT QUIET other programs took ${(100 * othersLoad).toFixed(0)}% of the processors: measure again before using these times`]
      : []),
  ];
}
