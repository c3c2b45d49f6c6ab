import { writeSafetensors } from '../../../checkpoints/index.js';
import { fail } from '../../../core/index.js';
import { type Comparison, compare } from '../../../lens/index.js';
import type { CommandIo } from '../../io.js';
import { checkOutputs } from '../../output-path.js';
import type { LensFlags, MetricFlags } from './flags.js';
import { metricOf } from './metric.js';
import { openLens } from './open.js';

export interface CompareFlags extends LensFlags, MetricFlags {
  readonly sites: string;
  readonly out?: string;
}

/**
 * Two runs side by side. JSON: `alignment` (`pairs`, `onlyA`, `onlyB`), `largest` (the largest difference of each site), and in
 * `sites` each with `a`, `b` and `difference`, labelled; with `--out`, these are in the file instead.
 */
export async function compareCommand(folder: string, second: string | undefined, flags: CompareFlags, io: CommandIo): Promise<void> {
  await checkOutputs([flags.out], [folder, ...[second, flags.replay].filter((path) => path !== undefined)]);
  const opened = await openLens('lens compare', folder, flags);
  const other = second === undefined ? undefined : await openLens('lens compare', second, flags);
  const ways = [second !== undefined, opened.other !== undefined, flags.replay !== undefined].filter(Boolean).length;
  try {
    if (ways !== 1) {
      const rule = 'one thing that differs: a second checkpoint, a second prompt, or --replay';
      throw fail('value', { where: 'lens compare', rule, got: ways === 0 ? 'none' : String(ways) });
    }
    const a = { view: opened.view, prompt: opened.prompt };
    const b = { view: other?.view ?? opened.changed, prompt: opened.other ?? opened.prompt };
    const metric = flags.sites.includes(':grad') ? { metric: metricOf(flags) } : {};
    const found = await compare(a, b, flags.sites, metric);
    if (flags.out !== undefined) await writeSafetensors(flags.out, arraysOf(found), { addresses: flags.sites });
    const largest = Object.fromEntries(
      Object.entries(found.sites).map(([site, { difference }]) => [site, largestOf(difference.values.data)]),
    );
    if (flags.json) {
      const values = flags.out === undefined ? { sites: found.sites } : { out: flags.out };
      io.out(`${JSON.stringify({ alignment: found.alignment, largest, ...values })}\n`);
    } else show(found, largest, io);
  } finally {
    await opened.view.dispose();
    await other?.view.dispose();
  }
}

function arraysOf({ sites }: Comparison) {
  const all = Object.entries(sites).flatMap(([site, parts]) =>
    Object.entries(parts).map(([part, { values }]) => [`${site}/${part}`, values] as const),
  );
  return Object.fromEntries(all);
}

function largestOf(data: ArrayLike<number | bigint>): number {
  return Array.from(data, Number).reduce((top, x) => Math.max(top, Math.abs(x)), 0);
}

function show({ alignment }: Comparison, largest: Readonly<Record<string, number>>, io: CommandIo): void {
  const { pairs, onlyA, onlyB } = alignment;
  for (const [site, value] of Object.entries(largest)) io.out(`${site}: at most ${value.toPrecision(4)} apart\n`);
  const rest =
    onlyA.length + onlyB.length === 0 ? '' : `; without a partner ${onlyA.join(' ') || 'none'} of A, ${onlyB.join(' ') || 'none'} of B`;
  io.note(`${pairs.length} tokens aligned${rest}`);
}
