import type { Summary } from '../statistics.js';
import { quietLoad } from '../step-report.js';
import type { InferenceBenchResult } from './inference.node.js';
import type { SideTimes } from './measure.js';
import { slotNames, slotOf } from './size.js';

/** The bench's figures for people. */
export function reportInference(result: InferenceBenchResult): string {
  const { machine, threads, size, torch, parameters, weightBytes, readMs, bestGflops, othersLoad } = result;
  const { layers, heads, width, context, vocabulary } = size;
  const stream = Math.min(...Object.values(readMs));
  const rates = Object.entries(readMs).map(([name, ms]) => `${name} ${gigabytes(weightBytes, ms)}`);
  const lines = [
    `bench inference, ${result.date}: prompts and tokens of a GPT-2${torch ? ", ours and PyTorch's in turn" : ''}`,
    `  machine   ${machine.cpu}, ${machine.cores} cores, ${machine.gibibytes} GiB, ${machine.system}`,
    `  ours      onnxruntime ${machine.onnxruntime}, node ${machine.node}, ${threads} threads`,
    torch
      ? `  PyTorch   ${torch.torch}, python ${torch.python}, ${torch.threads} threads, ${torch.blas}`
      : `  PyTorch   none: ${result.withoutTorch}`,
    `  model     ${layers} layers, ${heads} heads, width ${width}, context ${context}, vocabulary ${vocabulary}: ${(parameters / 1e6).toFixed(1)}M parameters, float32, random`,
    ...(result.difference === undefined ? [] : [`  equal     logits within ${result.difference.toExponential(1)} of the largest`]),
    `  limits    reading the weights once ${stream.toFixed(2)} ms (GB/s: ${rates.join(', ')}); best matrix product ${bestGflops.toFixed(0)} GFLOP/s`,
    ...(othersLoad > quietLoad
      ? [`  NOT QUIET other programs took ${(100 * othersLoad).toFixed(0)}% of the processors: measure again before using these times`]
      : []),
    '',
    [
      ''.padEnd(34),
      ...['ms', 'PyTorch', 'tokens/s', 'ratio'].map((h) => h.padStart(10)),
      '  in the rounds    share of the limit (rounds)',
    ].join(''),
    ...result.prompts.map(({ batch, shareOfBest, ...times }) =>
      line(`prompt of ${size.prompt}, batch ${batch}`, times, batch * size.prompt, shareOfBest),
    ),
    ...slotNames.map((slot) => {
      const { batch, position } = slotOf(size, slot);
      const { share, ...times } = result.tokens[slot];
      return line(`token after ${position}, batch ${batch}`, times, batch, share);
    }),
    '',
    "ratio: our time over PyTorch's (below 1: ours is faster); limit: of prompts the best matrix product, of tokens reading the weights",
    `a token after ${size.far} takes ${result.farToNear.toFixed(3)} times as long as one after ${size.near}`,
  ];
  return `${lines.join('\n')}\n`;
}

function line(what: string, { ours, theirs, ratio }: SideTimes, tokens: number, share: Summary): string {
  const cells = [
    ours.median.toFixed(2),
    theirs?.median.toFixed(2) ?? '–',
    ((1000 * tokens) / ours.median).toFixed(0),
    ratio?.median.toFixed(3) ?? '–',
  ];
  const rounds = ratio === undefined ? '' : `${ratio.min.toFixed(3)} to ${ratio.max.toFixed(3)}`;
  const percent = (x: number): string => `${(100 * x).toFixed(0)}%`;
  const limit = `${percent(share.median)} (${percent(share.min)} to ${percent(share.max)})`;
  return `${what.padEnd(34)}${cells.map((c) => c.padStart(10)).join('')}  ${rounds.padEnd(17)}${limit}`;
}

function gigabytes(bytes: number, ms: number): string {
  return (bytes / ms / 1e6).toFixed(1);
}
