import type { HostArray } from '../../core/index.js';
import type { Module } from '../../nn/index.js';
import type { Lens } from '../lens.js';

/** The logits of a run that a divergence is measured from, [B,V]: of one position, where there are several. */
export async function cleanLogits<P, M extends Module>(view: Lens<P, M>, prompt: P, position = -1): Promise<HostArray> {
  const rank = view.sitesFor(view.subject.feeds(prompt)).get('logits')?.shape.length;
  const [logits] = Object.values(await view.capture(prompt, rank === 3 ? `logits[:, ${position}]` : 'logits'));
  return logits as HostArray;
}
