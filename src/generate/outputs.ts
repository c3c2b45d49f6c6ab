import type { HostArray } from '../core/index.js';
import type { Tensor } from '../ops/index.js';
import { sitesOf } from '../runtime/index.js';

const prefix = 'site:';

/** What a program that predicts returns: `logits` [B,V] of the last position and, on request, every site of the model. */
export function predictionOutputs(logits: Tensor, options: { batch: number; vocabulary: number; sites: boolean }): Record<string, Tensor> {
  const last = logits.slice([null, [-1]]).reshape([options.batch, options.vocabulary]);
  const sites = options.sites ? [...sitesOf([logits])].map(([site, value]) => [prefix + site, value]) : [];
  return { logits: last, ...Object.fromEntries(sites) };
}

/** What such a program returned for sites, in the order of computation. */
export function siteValues(results: Readonly<Record<string, HostArray>>): [site: string, value: HostArray][] {
  return Object.entries(results)
    .filter(([name]) => name.startsWith(prefix))
    .map(([name, value]) => [name.slice(prefix.length), value]);
}
