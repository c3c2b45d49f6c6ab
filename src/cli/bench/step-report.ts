import type { OpTimes } from './op-times.js';
import { median, type Summary } from './statistics.js';
import type { BabyTiming } from './step-baby.js';
import type { Timing } from './step-compare.js';
import type { SizeResult, StepBenchResult } from './step-result.js';
import { workFormula } from './step-shape.js';

/** Kinds of operator below this share are summed in one line. */
const leastPercent = 1;

/** Other programs may take this share of the processors before the report warns. */
export const quietLoad = 0.03;

/** The bench's figures for people. */
export function reportSteps(result: StepBenchResult): string {
  const { machine, versions, settings } = result;
  const head = [
    `bench step, ${result.date}: one training step (forward, backward, clipping, AdamW), ours and PyTorch's in turn`,
    `  machine   ${machine.cpu}, ${machine.cores} cores, ${machine.gibibytes} GiB, ${machine.system}`,
    `  ours      onnxruntime ${machine.onnxruntime}, node ${machine.node}, ${settings.threads} threads`,
    `  PyTorch   ${versions.torch}, python ${versions.python}, ${settings.torchThreads} threads, ${versions.blas}`,
    ...(versions.torch.startsWith('1.') ? ['            a PyTorch of 2022 or before: without fused attention'] : []),
    `  both      activation ${settings.activation}, AdamW lr ${settings.lr}, β ${settings.betas.join(' ')}, weight decay ${settings.weightDecay}, clipping ${settings.clip}`,
    `  work      ${workFormula}`,
  ];
  const baby = result.baby === undefined ? [] : babyLines(result.baby);
  return `${[...head, ...result.sizes.flatMap(sizeLines), ...baby].join('\n')}\n`;
}

function sizeLines({ size, shape, parameters, equality, timing, othersLoad, gflops, torchGflops, ...rest }: SizeResult): string[] {
  const { layers, heads, width, context, batch, vocabulary } = shape;
  const { ours, theirs, ratio, paired, outside } = timing;
  const { operators, bestGflops, shareOfBest, missing } = rest;
  return [
    '',
    `${size}: ${layers} layers, ${heads} heads, width ${width}, context ${context}, batch ${batch}, vocabulary ${vocabulary}; ${parameters} parameters`,
    `  equal     losses over ${equality.steps} steps (${equality.firstLoss.toFixed(4)} to ${equality.lastLoss.toFixed(4)}): ` +
      `largest difference ${equality.absolute.toExponential(1)}, relative ${equality.relative.toExponential(1)}`,
    `  ms/step   ${'median'.padStart(9)}${'min'.padStart(9)}${'p90'.padStart(9)}${'GFLOP/s'.padStart(9)}`,
    `    ours    ${cells(ours)}${gflops.toFixed(0).padStart(9)}`,
    `    PyTorch ${cells(theirs)}${torchGflops.toFixed(0).padStart(9)}`,
    `  ratio     ${ratio.toFixed(3)} (ours over PyTorch's, of the medians of ${ours.count} steps each; below 1: ours is faster)`,
    `            in each of ${paired.count} rounds: median ${paired.median.toFixed(3)}, ${paired.min.toFixed(3)} to ${paired.max.toFixed(3)}`,
    ...distanceLines(timing),
    ...(othersLoad > quietLoad
      ? [`  NOT QUIET other programs took ${(100 * othersLoad).toFixed(0)}% of the processors: measure again before using these times`]
      : []),
    `  outside ONNX Runtime ${outside.toFixed(2)} ms of a step of ours`,
    ...operatorLines(operators),
    `  best matrix product in this run ${bestGflops.toFixed(0)} GFLOP/s: a step runs at ${(100 * shareOfBest).toFixed(0)}% of it; the rest of its time`,
    ...missing
      .filter(({ percent }) => Math.abs(percent) >= leastPercent)
      .map(({ what, ms, percent }) => `    ${what.padEnd(36)}${ms.toFixed(2).padStart(10)}${percent.toFixed(1).padStart(7)}`),
  ];
}

/** Round trips up to this many nanoseconds are between cores that share a cache; on our machines they are 105 to 150, or 330 to 370. */
const near = 200;

/** The rounds by how far apart the two cores were before and after. */
export function distanceLines({ rounds = [] }: Timing): string[] {
  if (rounds.length === 0) return [];
  const trips = rounds.flatMap((r) => r.roundTrips);
  const kindOf = ([before, after]: readonly [number, number]): string =>
    before > near !== after > near ? 'changing' : after > near ? 'far' : 'near';
  const kinds = ['near', 'far', 'changing'].map((kind) => [kind, rounds.filter((r) => kindOf(r.roundTrips) === kind)] as const);
  const told = kinds.flatMap(([kind, of]) =>
    of.length === 0 ? [] : [`${kind} in ${of.length}, ratio ${median(of.map((r) => r.ratio)).toFixed(3)}`],
  );
  const range = `${Math.min(...trips).toFixed(0)} to ${Math.max(...trips).toFixed(0)} ns`;
  return [`            two cores were ${range} apart, there and back: ${told.join('; ')}`];
}

/** Median, minimum and nine in ten, in columns. */
export function cells({ median, min, p90 }: Summary): string {
  return [median, min, p90].map((ms) => ms.toFixed(2).padStart(9)).join('');
}

/** A table of time by kind of operator. */
export function operatorLines({ runs, ms, kinds, between }: OpTimes): string[] {
  const row = (kind: string, nodes: string, time: number): string =>
    `    ${kind.padEnd(30)}${nodes.padStart(6)}${time.toFixed(2).padStart(10)}${((100 * time) / ms).toFixed(1).padStart(7)}`;
  const shown = kinds.filter((k) => k.percent >= leastPercent);
  const rest = kinds.slice(shown.length);
  const sum = (of: (k: (typeof kinds)[number]) => number): number => rest.reduce((total, k) => total + of(k), 0);
  return [
    `  time by kind of operator, ${runs} steps under the profiler`,
    `    ${''.padEnd(30)}${'nodes'.padStart(6)}${'ms'.padStart(10)}${'%'.padStart(7)}`,
    ...shown.map((k) => row(k.kind, String(k.nodes), k.ms)),
    ...(rest.length > 0
      ? [
          row(
            `${rest.length} other kinds`,
            String(sum((k) => k.nodes)),
            sum((k) => k.ms),
          ),
        ]
      : []),
    row('between operators', '', between),
    row('all', '', ms),
  ];
}

function babyLines({ shape, ms, plainMs, gflops, plainGflops, ratio, outside }: BabyTiming): string[] {
  return [
    '',
    `baby: L's model, ${shape.batch * shape.accumulate} windows as ${shape.accumulate} passes of ${shape.batch}, dropout ${shape.dropout}; ours alone, in turn with L`,
    `  ${ms.toFixed(0)} ms/step, ${gflops.toFixed(0)} GFLOP/s, ${outside.toFixed(0)} ms of it outside ONNX Runtime; L ${plainMs.toFixed(0)} ms, ${plainGflops.toFixed(0)} GFLOP/s`,
    `  ratio of GFLOP/s ${ratio.toFixed(3)} (1: dropout and accumulation cost nothing)`,
  ];
}
