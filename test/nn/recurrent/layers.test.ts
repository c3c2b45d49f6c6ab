import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { readSafetensors } from '#dist/checkpoints/index.js';
import { HostArray } from '#dist/core/index.js';
import { gradients } from '#dist/grad/index.js';
import { type CellName, RecurrentLayers, type RecurrentLayersOptions } from '#dist/nn/index.js';
import { constant, input, type Parameter, parameterTensor, type Tensor } from '#dist/ops/index.js';
import { lowerProgram, Program, sitesOf } from '#dist/runtime/index.js';
import { relativeDifference } from '../../support/arrays.js';

/** PyTorch's nn.RNN, nn.GRU and nn.LSTM, two layers in both directions. */
const fixture = await readSafetensors(fileURLToPath(new URL('../../fixtures/recurrent.safetensors', import.meta.url)));
const [B, T, C, H] = [3, 5, 4, 3];

/** PyTorch's name of one of our parameters: `layers.1.backward.hidden` is `weight_hh_l1_reverse`. */
function torchName(name: string): string {
  const [, layer, direction, role] = name.split('.') as [string, string, string, string];
  const part = { input: 'weight_ih', hidden: 'weight_hh', inputBias: 'bias_ih', hiddenBias: 'bias_hh' }[role];
  return `${part}_l${layer}${direction === 'backward' ? '_reverse' : ''}`;
}

/** A PyTorch array as ours: weights are [in,out] here. */
function turned(value: HostArray): HostArray {
  if (value.shape.length === 1) return value;
  const [rows, columns] = value.shape as [number, number];
  const data = Float32Array.from(value.data as Float32Array, (_, i) => Number(value.data[(i % rows) * columns + Math.floor(i / rows)]));
  return new HostArray(data, [columns, rows], 'float32');
}

async function loaded(cell: CellName): Promise<{ net: RecurrentLayers; names: readonly (readonly [string, Parameter])[] }> {
  const net = new RecurrentLayers({ cell, width: C, hidden: H, layers: 2, bidirectional: true });
  const names = [...net.parameters()];
  for (const [name, parameter] of names) parameter.value = turned(await fixture.load(`${cell}/${torchName(name)}`));
  return { net, names };
}

describe.each(['rnn', 'gru', 'lstm'] as const)('%s', (cell) => {
  test.each(['full', 'ragged'] as const)('outputs, last states and every gradient are PyTorch’s, rows %s', async (mode) => {
    const { net, names } = await loaded(cell);
    const x = input('x', [B, T, C]);
    const lengths = mode === 'full' ? undefined : constant(new HostArray(Int32Array.of(5, 3, 1), [B], 'int32'));
    const { outputs, state } = net.forward(x, { lengths });
    const hidden = state.map(([h]) => h as Tensor);
    const loss = outputs
      .mul(outputs)
      .sum()
      .add(outputs.sum())
      .add(hidden.map((h) => h.sum()).reduce((a, b) => a.add(b)));
    const wrt = [x, ...names.map(([, p]) => parameterTensor(p))];
    const grads = gradients(loss, wrt);
    const results: Record<string, Tensor> = { out: outputs, 'grad/x': grads[0] as Tensor };
    hidden.forEach((h, i) => {
      results[`hidden${i}`] = h;
    });
    names.forEach(([name], i) => {
      results[`grad/${torchName(name)}`] = grads[i + 1] as Tensor;
    });
    const program = await Program.create(lowerProgram(results, [{ name: 'x', spec: x }]));
    const got = await program.run({ x: await fixture.load(`${cell}/x`) });
    await program.dispose();
    const last = await fixture.load(`${cell}/${mode}/hidden`); // [layers·directions,B,H]
    for (const [name, value] of Object.entries(got)) {
      const index = /^hidden(\d)$/.exec(name)?.[1];
      const want =
        index === undefined
          ? turnedGrad(name, await fixture.load(`${cell}/${mode}/${name}`))
          : last.data.subarray(Number(index) * B * H, (Number(index) + 1) * B * H);
      expect(relativeDifference(value.data, want), name).toBeLessThan(1e-5);
    }
  });
});

function turnedGrad(name: string, value: HostArray): HostArray['data'] {
  return name.startsWith('grad/weight') ? turned(value).data : value.data;
}

test('a text in two parts, the second from the state of the first, is the text', async () => {
  for (const cell of ['rnn', 'gru', 'lstm'] as const) {
    const net = new RecurrentLayers({ cell, width: C, hidden: H, layers: 2 });
    const x = input('x', [B, T, C]);
    const [early, late] = x.split([2, T - 2], 1) as [Tensor, Tensor];
    const first = net.forward(early);
    const second = net.forward(late, { state: first.state });
    const whole = net.forward(x).outputs.split([2, T - 2], 1)[1] as Tensor;
    const program = await Program.create(lowerProgram({ whole, parts: second.outputs }, [{ name: 'x', spec: x }]));
    const { whole: a, parts: b } = await program.run({ x: await fixture.load('lstm/x') });
    await program.dispose();
    expect(relativeDifference((b as HostArray).data, (a as HostArray).data), cell).toBeLessThan(1e-6);
  }
});

test('has its sites by layer and direction', () => {
  const net = new RecurrentLayers({ cell: 'lstm', width: C, hidden: H, layers: 2, bidirectional: true });
  const sites = sitesOf([net.forward(input('x', [B, T, C])).outputs]);
  expect(Object.fromEntries([...sites].map(([name, t]) => [name, t.shape]))).toEqual({
    'layers.0.forward.hidden': [T, B, H],
    'layers.0.backward.hidden': [T, B, H],
    'layers.1.forward.hidden': [T, B, H],
    'layers.1.backward.hidden': [T, B, H],
  });
});

test('a forget bias: larger first biases of the forget gates, and the rest as without it', () => {
  const biases = (forgetBias: number) => {
    const net = new RecurrentLayers({ cell: 'lstm', width: 3, hidden: 2, layers: 2, bidirectional: true, forgetBias });
    return [...net.parameters()].flatMap(([name, p]) => Array.from(p.value.data as Float32Array, (v, i) => ({ at: `${name} ${i}`, v })));
  };
  const plain = biases(0);
  const moved = biases(1).map(({ at, v }, i) => [at, v - (plain[i]?.v as number)] as const);
  const forget = moved.filter(([, by]) => Math.abs(by) > 1e-6);
  // Columns of the input gate first, then of the forget gate: 2 and 3 of 8.
  const directions = ['0.forward', '0.backward', '1.forward', '1.backward'];
  expect(forget.map(([at]) => at)).toEqual(directions.flatMap((d) => [2, 3].map((i) => `layers.${d}.inputBias ${i}`)));
  for (const [at, by] of forget) expect(by, at).toBeCloseTo(1, 6);
});

describe('what does not fit', () => {
  test('sizes', () => {
    expect(() => new RecurrentLayers({ cell: 'gru', width: 4, hidden: 0 })).toThrow(
      'RecurrentLayers: hidden is a whole number from 1; got 0.',
    );
  });

  test.each<[Partial<RecurrentLayersOptions>, string]>([
    [{ cell: 'gru' }, '1, gru'],
    [{ bias: false }, '1, lstm without biases'],
    [{ forgetBias: Number.NaN }, 'NaN, lstm'],
  ])('a forget bias of %j', (options, got) => {
    expect(() => new RecurrentLayers({ cell: 'lstm', width: 4, hidden: 2, forgetBias: 1, ...options })).toThrow(
      `RecurrentLayers: forgetBias: a number, for an LSTM with biases; 0 for others; got ${got}.`,
    );
  });

  test('lengths', () => {
    const net = new RecurrentLayers({ cell: 'gru', width: C, hidden: H });
    expect(() => net.forward(input('x', [B, T, C]), { lengths: input('n', [B, 1], 'int32') })).toThrow(
      /lengths \[B=3\] int32, the steps of each row that count; got \[3,1\] int32/,
    );
  });
});
