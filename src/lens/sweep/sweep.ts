import { HostArray } from '../../core/index.js';
import type { Module } from '../../nn/index.js';
import { LabelledArray } from '../labelled.js';
import type { Lens } from '../lens.js';
import { ablation, activationPatching } from './activation.js';
import { attributionPatching } from './attribution.js';
import { pathPatching } from './path.js';
import type { Sweep, SweepResult } from './spec.js';

/**
 * Changes one part of a model after another and tells what becomes of a metric. One program serves the whole sweep: its batch is
 * cells, each of which changes its own part, chosen by masks that are inputs.
 * @throws name, axis, shape, value: sites, axes, prompts and metrics that do not fit; value: a cost beyond the limit; the signal's reason, when it aborts
 * @example
 * const { values } = await sweep(view, { kind: 'activation', clean, corrupted, site: 'blocks.*.attention.mixed',
 *   by: ['layer', 'head', 'position'], metric: { kind: 'logitDifference', token: ' Mary', against: ' John' } });
 * values.at(1, 3, 7);
 */
export function sweep<P, M extends Module>(view: Lens<P, M>, spec: Sweep<P>): Promise<SweepResult> {
  switch (spec.kind) {
    case 'activation':
      return activationPatching(view, spec);
    case 'attribution':
      return attributionPatching(view, spec);
    case 'path':
      return pathPatching(view, spec);
    case 'ablation':
      return ablation(view, spec);
  }
}

/** How much of the way from the changed run to the source's each cell goes: 0 is none of it, 1 all. Of attribution, to first order. */
export function restored({ values, baseline, source }: SweepResult, kind: Sweep<unknown>['kind']): LabelledArray {
  const way = (source ?? Number.NaN) - baseline;
  const shares = (values.values.data as Float32Array).map((x) => (kind === 'attribution' ? x : x - baseline) / way);
  return new LabelledArray(values.axes, new HostArray(shares, values.values.shape, 'float32'));
}
