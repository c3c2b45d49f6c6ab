import { files } from '#files';
import { fail } from '../../../core/index.js';
import { cut, type Intervention, mean, resample, saveInterventions, zero } from '../../../lens/index.js';
import type { CommandIo } from '../../io.js';
import { checkOutputs } from '../../output-path.js';
import { cleanMetric, meanOf, placesOf } from './change.js';
import type { LensFlags, MetricFlags, PlaceFlags } from './flags.js';
import { metricOf } from './metric.js';
import { demandOther, type Opened, openLens } from './open.js';

export interface AblateFlags extends LensFlags, MetricFlags, PlaceFlags {
  readonly with: 'zero' | 'mean' | 'resample';
  readonly reference?: string;
  readonly edges?: readonly (readonly [number, number])[];
  readonly renormalise?: boolean;
  readonly save?: string;
}

/** Takes something away. JSON: the metric `before` and `after`, and the `difference`. */
export async function ablateCommand(folder: string, flags: AblateFlags, io: CommandIo): Promise<void> {
  await checkOutputs([flags.save], [folder, ...[flags.replay, flags.reference].filter((path) => path !== undefined)]);
  const opened = await openLens('lens ablate', folder, flags);
  const { changed: view, prompt } = opened;
  try {
    const metric = await cleanMetric(view, prompt, metricOf(flags));
    const ablated = view.with(await interventionOf(opened, flags));
    const [before, after] = [await meanOf(view, prompt, metric), await meanOf(ablated, prompt, metric)];
    if (flags.save !== undefined) await saveInterventions(flags.save, ablated);
    const result = { metric: metric.kind, at: flags.at, before, after, difference: after - before };
    if (flags.json) io.out(`${JSON.stringify({ ...result, ...(flags.save !== undefined && { saved: flags.save }) })}\n`);
    else
      for (const [name, value] of Object.entries(result))
        io.out(`${name.padEnd(10)} ${typeof value === 'number' ? value.toPrecision(6) : value}\n`);
  } finally {
    await view.dispose();
  }
}

async function interventionOf(opened: Opened, flags: AblateFlags): Promise<Intervention> {
  const { changed: view, prompt } = opened;
  const { at, edges, renormalise = false, reference } = flags;
  const where = placesOf(flags);
  const refuse = (rule: string, got: string): Error => fail('value', { where: 'lens ablate', rule, got, fix: 'Leave one of them out' });
  if (edges === undefined && renormalise) throw refuse('--renormalise with --edges', 'no edges');
  if (reference !== undefined && flags.with !== 'mean') throw refuse('--reference with --with mean', `--with ${flags.with}`);
  if (edges !== undefined) {
    if (flags.with !== 'zero') throw refuse('--edges, which are cut', `--with ${flags.with} too`);
    return cut(at, edges, { ...where, renormalise });
  }
  if (flags.with === 'zero') return zero(at, where);
  if (flags.with === 'resample') return resample(view, at, demandOther('lens ablate', opened), where);
  const lines = reference === undefined ? [] : (await files.readText(reference)).split(/\r?\n/).filter((line) => line.trim() !== '');
  if (reference !== undefined && lines.length === 0) throw fail('value', { where: reference, rule: 'a prompt on each line', got: 'none' });
  return mean(view, at, lines.length === 0 ? [prompt] : lines, where);
}
