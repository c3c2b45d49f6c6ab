import { writeSafetensors } from '../../../checkpoints/index.js';
import { fail, formatShape } from '../../../core/index.js';
import type { SweepLimit } from '../../../lens/index.js';
import type { CommandIo } from '../../io.js';
import { checkOutputs } from '../../output-path.js';
import type { LensFlags, MetricFlags } from './flags.js';
import { metricOf } from './metric.js';
import { openLens } from './open.js';

export interface LensCaptureFlags extends LensFlags, MetricFlags {
  readonly sites: string;
  readonly out?: string;
  readonly cost?: boolean;
  readonly limit: SweepLimit;
}

/** Writes values, slices and gradients. JSON: `sites`, each with `name`, `shape` and `bytes`; `bytes` of all; `out`, unless only the cost was asked for. */
export async function lensCaptureCommand(folder: string, flags: LensCaptureFlags, io: CommandIo): Promise<void> {
  const { sites: addresses, out, cost: costOnly, replay, image, json } = flags;
  if ((out === undefined) !== (costOnly === true)) {
    throw fail('value', { where: 'lens capture', rule: 'either --out or --cost', got: out === undefined ? 'neither' : 'both' });
  }
  await checkOutputs([out], [folder, ...[replay, image].filter((path) => path !== undefined)]);
  const { changed, prompt } = await openLens('lens capture', folder, flags);
  try {
    const cost = changed.cost(prompt, addresses);
    if (out !== undefined) {
      const metric = addresses.includes(':grad') ? metricOf(flags) : undefined;
      const captured = await changed.capture(prompt, addresses, { metric, limit: flags.limit.bytes });
      const metadata = metric === undefined ? {} : { metric: JSON.stringify(metric) };
      await writeSafetensors(out, captured, { addresses, ...metadata });
    }
    if (json) io.out(`${JSON.stringify({ sites: cost.sites, bytes: cost.bytes, ...(out !== undefined && { out }) })}\n`);
    else {
      for (const { name, shape, bytes } of cost.sites) io.out(`${name} ${formatShape(shape)} ${bytes} bytes\n`);
      io.note(out === undefined ? `${cost.bytes} bytes` : `written to ${out}`);
    }
  } finally {
    await changed.dispose();
  }
}
