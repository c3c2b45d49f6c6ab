import type { Module } from '../../nn/index.js';
import { siteOfKey } from '../address.js';
import type { Captured } from '../capture.js';
import type { Lens } from '../lens.js';
import type { Stored, Where } from './intervention.js';

/**
 * Resample ablation, or activation patching of one part: what another prompt gives, in the place of what is computed.
 * @param view the model as it computes the values; its own changes count
 * @param prompt of one row, or as many as the runs that are changed; of their length where positions count
 * @example view.with(await resample(view, 'blocks.1.attention.mixed', otherPrompt, { heads: [3] }))
 */
export async function resample<P, M extends Module>(
  view: Lens<P, M>,
  at: string,
  prompt: P,
  where: Omit<Where, 'at'> = {},
): Promise<Stored> {
  return { kind: 'resample', at, values: bySite(await view.capture(prompt, at)), ...where };
}

/** Attention held to the patterns of a prompt's run: what is left of a change goes through values alone. @example view.with(await freeze(view, prompt)) */
export async function freeze<P, M extends Module>(
  view: Lens<P, M>,
  prompt: P,
  at = '*attention.pattern',
  where: Omit<Where, 'at'> = {},
): Promise<Stored> {
  return { kind: 'freeze', at, values: bySite(await view.capture(prompt, at)), ...where };
}

function bySite(captured: Captured): Captured {
  return Object.fromEntries(Object.entries(captured).map(([key, value]) => [siteOfKey(key), value]));
}
