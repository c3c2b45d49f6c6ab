import { resample, saveInterventions } from '../../../lens/index.js';
import type { CommandIo } from '../../io.js';
import { checkOutputs } from '../../output-path.js';
import { cleanMetric, meanOf, placesOf } from './change.js';
import type { LensFlags, MetricFlags, PlaceFlags } from './flags.js';
import { metricOf } from './metric.js';
import { demandOther, openLens } from './open.js';

export interface PatchFlags extends LensFlags, MetricFlags, PlaceFlags {
  readonly direction: 'denoise' | 'noise';
  readonly save?: string;
}

/** Patches one part. JSON: the metric of the `clean` and the `corrupted` run, and of the `patched` one; `restored`, how much of the way that is. */
export async function patchCommand(folder: string, flags: PatchFlags, io: CommandIo): Promise<void> {
  await checkOutputs([flags.save], [folder, ...(flags.replay === undefined ? [] : [flags.replay])]);
  const opened = await openLens('lens patch', folder, flags);
  const { changed: view, prompt: clean } = opened;
  try {
    const corrupted = demandOther('lens patch', opened);
    const metric = await cleanMetric(view, clean, metricOf(flags));
    const [base, source] = flags.direction === 'denoise' ? [corrupted, clean] : [clean, corrupted];
    const patchedView = view.with(await resample(view, flags.at, source, placesOf(flags)));
    const values = {
      clean: await meanOf(view, clean, metric),
      corrupted: await meanOf(view, corrupted, metric),
      patched: await meanOf(patchedView, base, metric),
    };
    const way = flags.direction === 'denoise' ? values.clean - values.corrupted : values.corrupted - values.clean;
    const restored = (values.patched - (flags.direction === 'denoise' ? values.corrupted : values.clean)) / way;
    if (flags.save !== undefined) await saveInterventions(flags.save, patchedView);
    const result = { metric: metric.kind, at: flags.at, ...values, restored: Number.isFinite(restored) ? restored : null };
    if (flags.json) io.out(`${JSON.stringify({ ...result, ...(flags.save !== undefined && { saved: flags.save }) })}\n`);
    else for (const [name, value] of Object.entries(result)) io.out(`${name.padEnd(9)} ${value}\n`);
  } finally {
    await view.dispose();
  }
}
