import { beforeEach, describe, expect, test } from 'vitest';
import { HeadlightError } from '#dist/core/index.js';
import { GPT2 } from '#dist/models/index.js';
import { crossEntropy } from '#dist/ops/index.js';
import { memory } from '#dist/runtime/index.js';
import { findFault, findGrowth, type Loss } from '#dist/train/index.js';
import { expectNoMoreMemory } from '../../support/no-more-memory.js';

const shape = { rows: 2, length: 8 };
const model = new GPT2({ vocabulary: 17, context: 8, layers: 3, heads: 2, width: 16, dropout: 0.1, seed: 2 });
const ids = (k: number): Int32Array => Int32Array.from({ length: 16 }, (_, i) => (i * k + 1) % 17);
const batches = [5, 7].map((k) => ({ inputs: ids(k), targets: ids(k + 1) }));
const loss: Loss = (m, { inputs, targets }) => crossEntropy(m.forward(inputs).reshape([-1, m.vocabulary]), targets.reshape([-1]));
const settings = { model, loss, shape, seed: 3, pass: 40 };

let values: Record<string, Float32Array>;
const valuesOf = (): Record<string, Float32Array> =>
  Object.fromEntries([...model.parameters()].map(([name, p]) => [name, (p.value.data as Float32Array).slice()]));
beforeEach(() => {
  values = valuesOf();
});
/** The values of one parameter. */
const of = (name: string): Float32Array => {
  const found = values[name];
  if (found === undefined) throw new Error(`no ${name} among ${Object.keys(values)}`);
  return found;
};
const scale = (name: string, by: number): void => of(name).set(of(name).map((x) => x * by));

describe('findFault', () => {
  test('finds nothing where nothing is wrong, and leaves the model as it was', async () => {
    const before = memory();
    expect(await findFault({ ...settings, values, batches })).toBeUndefined();
    expect(valuesOf()).toEqual(values);
    expectNoMoreMemory(before);
  });

  test('names a weight that is not finite', async () => {
    of('blocks.1.mlp.up.weight')[5] = Number.NaN;
    const error = await findFault({ ...settings, values, batches });
    expect(error).toBeInstanceOf(HeadlightError);
    expect(error?.code).toBe('numeric');
    expect(error?.message).toMatch(/^check at blocks\.1\.mlp\.up\.weight: every parameter is finite; got NaN at \[0,5\] of \[16,64\]\. /);
  });

  test('names the site where a block overflows, by the parameters given, not the model’s', async () => {
    scale('blocks.1.mlp.up.weight', 1e25);
    scale('blocks.1.mlp.down.weight', 1e25);
    const error = await findFault({ ...settings, values, batches });
    expect(error?.code).toBe('numeric');
    expect(error?.path).toBe('blocks.1.mlp.output');
    expect(error?.message).toMatch(
      /^check at blocks\.1\.mlp\.output: every value is finite; got (-?Infinity|NaN) at \[\d,\d,\d+\] of \[2,8,16\]\. /,
    );
  });

  test('names the gradient where only the backward pass breaks, nearest to where it broke', async () => {
    // √0 is finite, its slope is not.
    const cornered: Loss = (m, batch) => {
      const logits = m.forward(batch.inputs);
      return crossEntropy(logits.reshape([-1, 17]), batch.targets.reshape([-1])).add(logits.sub(logits).sqrt().mean());
    };
    const error = await findFault({ ...settings, loss: cornered, values, batches });
    expect(error?.path).toBe('gradient at logits');
    expect(error?.got).toMatch(/^NaN at \[0,0,0\] of \[2,8,17\]$/);
  });

  test('looks at every batch of the step', async () => {
    const untied = new GPT2({ vocabulary: 17, context: 8, layers: 1, heads: 2, width: 16, tied: false });
    const own = Object.fromEntries([...untied.parameters()].map(([name, p]) => [name, (p.value.data as Float32Array).slice()]));
    // The two add up to infinity: in the place of position 3, for token 16 only.
    own['tokens.weight']?.fill(3e38, 16 * 16, 16 * 16 + 1);
    own['positions.weight']?.fill(3e38, 3 * 16, 3 * 16 + 1);
    const [good, bad] = [0, 16].map((token) => ({ inputs: ids(5).map((id) => id % 16), targets: ids(6), token }));
    for (const { inputs, token } of [good, bad] as { inputs: Int32Array; token: number }[]) inputs[3] = token;
    const search = { ...settings, model: untied, values: own };
    expect(await findFault({ ...search, batches: [good, good] as typeof batches })).toBeUndefined();
    const error = await findFault({ ...search, batches: [good, bad] as typeof batches });
    expect([error?.path, error?.got]).toEqual(['embed', 'Infinity at [0,3,0] of [2,8,16]']);
  });

  test('says which parameter it was not given', async () => {
    const { 'norm.weight': _, ...rest } = values;
    await expect(findFault({ ...settings, values: rest, batches })).rejects.toThrow(
      'norm.weight: 16 values for each parameter; got undefined',
    );
  });
});

describe('findGrowth', () => {
  test.each([
    ['blocks.1.mlp.up.weight', 'blocks.1.mlp.pre'],
    ['blocks.2.attention.output.weight', 'blocks.2.attention.output'],
    ['tokens.weight', 'embed'],
  ])('finds the site behind %s', async (parameter, site) => {
    const before = structuredClone(values);
    scale(parameter, 50);
    const growth = await findGrowth({ ...settings, before, after: values, batches });
    expect(growth?.site).toBe(site);
    expect((growth?.after ?? 0) / (growth?.before ?? 1)).toBeGreaterThan(10);
    expect(growth?.message).toMatch(
      new RegExp(`^${site} is the first site that grew: its root mean square is [\\d.e+-]+, [\\d.e+-]+ times the [\\d.e+-]+ of before$`),
    );
  });

  test('finds a site that is no number at all now', async () => {
    const before = structuredClone(values);
    of('blocks.0.mlp.down.bias')[0] = Number.NaN;
    expect((await findGrowth({ ...settings, before, after: values, batches }))?.site).toBe('blocks.0.mlp.output');
  });

  test('finds none in changes as a step makes them', async () => {
    const before = structuredClone(values);
    for (const name of Object.keys(values)) scale(name, 1.1);
    expect(await findGrowth({ ...settings, before, after: values, batches })).toBeUndefined();
  });

  test('looks at all batches together, as if they were one', async () => {
    const untied = new GPT2({ vocabulary: 17, context: 8, layers: 1, heads: 2, width: 16, tied: false });
    const before = Object.fromEntries([...untied.parameters()].map(([name, p]) => [name, (p.value.data as Float32Array).slice()]));
    const after = structuredClone(before);
    after['tokens.weight']?.fill(50, 16 * 16); // of token 16, which only the second batch has
    const [first, second] = [15, 16].map((token) => ({ inputs: ids(5).map((id) => (id > 14 ? token : id)), targets: ids(6) }));
    const [one, other] = [first, second] as typeof batches;
    const search = { ...settings, model: untied, before, after };
    expect(await findGrowth({ ...search, batches: [one] as typeof batches })).toBeUndefined();
    const parts = await findGrowth({ ...search, batches: [one, other] as typeof batches });
    const joined = (of: 'inputs' | 'targets') => Int32Array.of(...(one?.[of] ?? []), ...(other?.[of] ?? []));
    const whole = { inputs: joined('inputs'), targets: joined('targets') };
    const together = await findGrowth({ ...search, shape: { rows: 4, length: 8 }, batches: [whole] });
    expect(parts?.site).toBe('embed');
    expect(together?.site).toBe('embed');
    expect((parts?.after ?? 0) / (together?.after ?? 1)).toBeCloseTo(1, 5);
    expect((parts?.before ?? 0) / (together?.before ?? 1)).toBeCloseTo(1, 5);
  });

  test('takes what batches carry: documents and positions', async () => {
    const packed = {
      ...(batches[0] as (typeof batches)[number]),
      documents: new Int32Array(16),
      positions: Int32Array.from({ length: 16 }, (_, i) => i % 8),
    };
    const seen: string[] = [];
    const looks: Loss = (m, given) => {
      seen.push(...Object.keys(given));
      return loss(m, given);
    };
    await findGrowth({ ...settings, loss: looks, before: values, after: values, batches: [packed] });
    expect(seen).toEqual(['inputs', 'targets', 'documents', 'positions']);
  });
});
