import type { AttentionBenchResult, AttentionCase } from './attention.node.js';
import { cells, operatorLines, quietLoad } from './step-report.js';

/** The bench's figures for people. */
export function reportAttention({ date, machine, threads, torch, cases }: AttentionBenchResult): string {
  const head = [
    `bench attention, ${date}: multi-head attention forward and backward, ours and PyTorch's unfused equivalent in turn`,
    `  machine   ${machine.cpu}, ${machine.cores} cores, ${machine.gibibytes} GiB, ${machine.system}`,
    `  ours      onnxruntime ${machine.onnxruntime}, node ${machine.node}, ${threads} threads`,
    `  PyTorch   ${torch.torch}, python ${torch.python}, ${torch.threads} threads, ${torch.blas}`,
    ...(torch.torch.startsWith('1.') ? ['            a PyTorch of 2022 or before: without fused attention'] : []),
  ];
  return `${[...head, ...cases.flatMap(caseLines)].join('\n')}\n`;
}

function caseLines({ shape, tiles, difference, timing, othersLoad, work, operators }: AttentionCase): string[] {
  const { batch, length, heads, width, causal } = shape;
  const { ours, theirs, ratio, paired } = timing;
  const rate = (ms: number): string => (work / ms / 1e6).toFixed(0).padStart(9);
  return [
    '',
    `${causal ? 'causal' : 'every query meets every key'}: B ${batch}, T ${length}, ${heads} heads of ${width / heads}; ours in ${tiles} tiles`,
    `  equal     loss and norms of all gradients within ${difference.toExponential(1)}`,
    `  ms/step   ${'median'.padStart(9)}${'min'.padStart(9)}${'p90'.padStart(9)}${'GFLOP/s'.padStart(9)}`,
    `    ours    ${cells(ours)}${rate(ours.median)}`,
    `    PyTorch ${cells(theirs)}${rate(theirs.median)}`,
    `  ratio     ${ratio.toFixed(3)} (ours over PyTorch's, of the medians of ${ours.count} steps each; below 1: ours is faster)`,
    `            in each of ${paired.count} rounds: median ${paired.median.toFixed(3)}, ${paired.min.toFixed(3)} to ${paired.max.toFixed(3)}`,
    ...(othersLoad > quietLoad
      ? [`  NOT QUIET other programs took ${(100 * othersLoad).toFixed(0)}% of the processors: measure again before using these times`]
      : []),
    ...operatorLines(operators),
  ];
}
