import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { GPT2, type GPT2Config } from '#dist/models/index.js';
import { type EngineTensor, engineTensor, Session } from '#dist/runtime/index.js';
import { traceStep } from '#dist/train/index.js';

/** Every gradient of one step, digested, at a number of threads: the same step so many times. */
async function gradientBits(config: GPT2Config, batch: number, threads: number, times = 1): Promise<Record<string, string>[]> {
  const model = new GPT2(config);
  const program = traceStep(model, { shape: { rows: batch, length: config.context } }, { threads });
  const session = await Session.create(program.onnx, { device: 'cpu', threads, optimize: false });
  const shape = [batch, config.context];
  const ids = (step: number): EngineTensor =>
    engineTensor(
      'int32',
      Int32Array.from({ length: batch * config.context }, (_, i) => (i * step + 3) % config.vocabulary),
      shape,
    );
  const feeds: Record<string, EngineTensor> = { inputs: ids(7), targets: ids(11) };
  const fetches: Record<string, EngineTensor | null> = { loss: null };
  const parameters = model.parameters();
  for (const { input, name } of program.parameters) {
    const value = parameters.get(name)?.value;
    if (value !== undefined) feeds[input] = engineTensor('float32', value.data, value.shape);
    fetches[`gradient:${name}`] = null;
  }
  const digests: Record<string, string>[] = [];
  for (let again = 0; again < times; again++) {
    const results = await session.run(feeds, fetches);
    digests.push(Object.fromEntries(Object.entries(results).map(([name, t]) => [name, createHash('sha256').update(t.data).digest('hex')])));
  }
  await session.dispose();
  return digests;
}

// A layer's sizes are every layer's: one of the large shapes is enough.
describe('gradients have the same bits with 1 thread and with 2', () => {
  test.each([
    ['S', { vocabulary: 65, context: 64, layers: 4, heads: 4, width: 128 }, 12],
    ['a lane of S', { vocabulary: 65, context: 64, layers: 2, heads: 4, width: 128 }, 6],
    ['a shape that parallelises everything', { vocabulary: 2000, context: 256, layers: 1, heads: 8, width: 512 }, 4],
    ['a vocabulary beyond one-hot products', { vocabulary: 5000, context: 128, layers: 1, heads: 4, width: 256 }, 8],
    ['queries in bands', { vocabulary: 65, context: 512, layers: 1, heads: 2, width: 128 }, 2],
  ] as const)('%s', async (_, config, batch) => {
    const [one = {}] = await gradientBits(config, batch, 1);
    expect(Object.keys(one).length).toBeGreaterThan(10);
    expect(await gradientBits(config, batch, 2, 3)).toEqual([one, one, one]);
  });
});
