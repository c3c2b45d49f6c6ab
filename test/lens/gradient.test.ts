import { expect, test } from 'vitest';
import { HostArray } from '#dist/core/index.js';
import { add, lens, type Metric } from '#dist/lens/index.js';
import type { LanguageModel } from '#dist/models/index.js';
import { Chunked, Embedding, Linear, Mlp, Module } from '#dist/nn/index.js';
import { type Tensor, tap } from '#dist/ops/index.js';
import { enlarged, ids, sizes, smallGPT2 } from './models.js';

/** A model whose MLP's sites are of a loop's steps. */
class InSteps extends Module implements LanguageModel {
  readonly vocabulary = sizes.vocabulary;
  readonly context = sizes.context;
  readonly tokens = new Embedding(sizes.vocabulary, 4);
  readonly mlp = new Chunked(new Mlp({ width: 4, hidden: 3, activation: 'gelu' }), 7);
  readonly head = new Linear(4, sizes.vocabulary);

  forward(x: Tensor): Tensor {
    return tap('logits', this.head.forward(this.mlp.forward(tap('embed', this.tokens.forward(x)))));
  }
}

const metrics: readonly Metric[] = [
  { kind: 'logitDifference', token: 3, against: 5 },
  { kind: 'loss' },
  { kind: 'logProbability', token: [1, 2], position: 2 },
  { kind: 'norm', at: 'logits' },
];

const models = { gpt2: smallGPT2, 'values of steps': () => enlarged(new InSteps()) };

test.each(Object.entries(models))('%s: gradients by sites are central differences', async (_, make) => {
  const view = lens(make());
  const sites = [...view.sitesFor(view.subject.feeds(ids)).keys()].flatMap((name) =>
    /(embed|mlp\.post|module\.post|mixed|query|pattern|final_norm)$/.test(name) ? [name] : [],
  );
  expect(sites.length).toBeGreaterThan(1);
  for (const metric of metrics) {
    const found = await view.capture(ids, sites.map((s) => `${s}:grad`).join(','), { metric });
    for (const site of sites) {
      const slope = found[`${site}:grad`] as HostArray;
      // Along a direction: ∂/∂ε metric(x + ε d) = ⟨gradient, d⟩.
      const direction = new HostArray(
        Float32Array.from(slope.data as Float32Array, (__, i) => Math.cos(3 * i)),
        slope.shape,
        'float32',
      );
      const moved = async (e: number): Promise<number> =>
        (await view.with(add(site, direction, e)).measure(ids, metric)).reduce((a, b) => a + b, 0);
      const e = 0.01;
      const want = ((await moved(e)) - (await moved(-e))) / (2 * e);
      const got = (slope.data as Float32Array).reduce((sum, g, i) => sum + g * Number(direction.data[i]), 0);
      expect(Math.abs(got - want), `${site} ${metric.kind}`).toBeLessThan(0.01 * Math.max(1, Math.abs(want)));
    }
  }
  await view.dispose();
});
