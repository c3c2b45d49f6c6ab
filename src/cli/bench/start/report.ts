import type { Summary } from '../statistics.js';
import type { StartBenchResult } from './start.node.js';

/** The bench's figures for people. */
export function reportStart({ date, machine, baseline, rows, missing, withoutCold, sizes }: StartBenchResult): string {
  const base = rows.find(({ name }) => name === baseline);
  const lines = [
    `bench start, ${date}: from the command until it is ready, in turn`,
    `  machine   ${machine.cpu}, ${machine.cores} cores, ${machine.gibibytes} GiB, ${machine.system}, node ${machine.node}`,
    '',
    `${''.padEnd(36)}${'ms, median'.padStart(12)}  ${'range'.padEnd(18)}${`× ${baseline}`.padStart(12)}${'from the disk'.padStart(16)}  range`,
    ...rows.map(({ name, warm, cold, stayedCached = 0 }) => {
      const ratio = base === undefined ? '' : (warm.median / base.warm.median).toFixed(1);
      return `${name.padEnd(36)}${warm.median.toFixed(0).padStart(12)}  ${range(warm).padEnd(18)}${ratio.padStart(12)}${(cold?.median.toFixed(0) ?? '–').padStart(16)}  ${cold ? `${range(cold)}${stayedCached > 0.01 ? `, ${(100 * stayedCached).toFixed(0)}% of its files stayed cached` : ''}` : ''}`.trimEnd();
    }),
    ...missing.map(({ name, missing }) => `${name.padEnd(36)}  not measured: ${missing}`),
    ...(withoutCold === undefined ? [] : [`from the disk: not measured: ${withoutCold}`]),
    '',
    'package      ' +
      ('missing' in sizes.packed ? sizes.packed.missing : `${mib(sizes.packed.bytes)} packed, ${mib(sizes.packed.unpacked)} unpacked`),
    `dependencies ${mib(sizes.dependencies.reduce((sum, d) => sum + d.bytes, 0))}: ${sizes.dependencies
      .slice(0, 3)
      .map((d) => `${d.name} ${mib(d.bytes)}`)
      .join(', ')}`,
    `studio       ${kib(sizes.studio.bytes)} of scripts and styles, ${kib(sizes.studio.gzip)} compressed`,
    'bundle       ' +
      ('missing' in sizes.bundle
        ? sizes.bundle.missing
        : `${kib(sizes.bundle.bytes)}, ${kib(sizes.bundle.gzip)} compressed (all exports, without ONNX Runtime)`),
    ...sizes.others.map(({ name, bytes }) => `beside it    ${name} ${mib(bytes)}`),
  ];
  return `${lines.join('\n')}\n`;
}

function range({ min, max }: Summary): string {
  return `${min.toFixed(0)} to ${max.toFixed(0)}`;
}

function mib(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(1)} MiB`;
}

function kib(bytes: number): string {
  return `${(bytes / 2 ** 10).toFixed(0)} KiB`;
}
