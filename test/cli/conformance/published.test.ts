import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { writeSafetensors } from '#dist/checkpoints/index.js';
import { compare, halfTolerance, singleTolerance } from '#dist/cli/conformance/compare.js';
import { operators } from '#dist/cli/conformance/operators/index.js';
import { HostArray } from '#dist/core/index.js';
import { shared } from '../../tokenizers/shared.js';
import { temporaryFolder, within } from '../command.js';

const folder = shared('conformance/onnx');
const numbers = (...values: number[]): HostArray => new HostArray(Float32Array.from(values), [values.length], 'float32');

test.skipIf(folder === undefined)('every published case of the operators that are here', async () => {
  const { operators: found } = (await within('conformance', folder as string, '--json')).json() as {
    operators: { op: string; passed: number; total: number; failures: unknown[] }[];
  };
  const here = found.filter(({ op }) => operators.has(op));
  expect(here.length).toBe(operators.size);
  for (const { op, passed, total, failures } of here) {
    expect(failures, op).toEqual([]);
    expect(passed, op).toBe(total);
    expect(total, op).toBeGreaterThan(2);
  }
});

describe('the command', () => {
  const temporary = temporaryFolder();

  test('says of each failure its largest error, and ends with 1', async () => {
    const cases = ['right', 'wrong'].map((name) => ({ name, op: 'Gelu', inputs: ['x'], outputs: ['y'], attributes: {} }));
    writeFileSync(join(temporary, 'gelu.json'), JSON.stringify(cases));
    const arrays = { 'right/in/x': numbers(0), 'right/out/y': numbers(0), 'wrong/in/x': numbers(0, 100), 'wrong/out/y': numbers(0.5, 100) };
    await writeSafetensors(join(temporary, 'gelu.safetensors'), arrays);
    const { code, out } = await within('conformance', temporary);
    expect(out).toBe('Gelu 1/2\n  wrong: largest error 5.00e-1\n');
    expect(code).toBe(1);
  });

  test('a folder without cases is bad input', async () => {
    const empty = join(temporary, 'empty');
    mkdirSync(empty);
    const { code, err } = await within('conformance', empty);
    expect(code).toBe(2);
    expect(err).toMatch(/a folder with OP\.json and OP\.safetensors side by side; got 0 other entries/);
  });
});

describe('the tolerance', () => {
  test('is 1e-5 and 1e-4 of the number', () => {
    expect(compare(numbers(100.009), numbers(100), singleTolerance).passed).toBe(true);
    expect(compare(numbers(100.02), numbers(100), singleTolerance).passed).toBe(false);
    expect(compare(numbers(2e-5), numbers(0), singleTolerance)).toMatchObject({ passed: false });
    expect(compare(numbers(1.001), numbers(1), halfTolerance).passed).toBe(true);
  });

  test('knows infinities and what is not a number', () => {
    const [inf, nan] = [Number.NEGATIVE_INFINITY, Number.NaN];
    expect(compare(numbers(inf, nan), numbers(inf, nan), singleTolerance)).toEqual({ passed: true, largest: 0 });
    expect(compare(numbers(0), numbers(inf), singleTolerance).passed).toBe(false);
    expect(compare(numbers(nan), numbers(0), singleTolerance)).toEqual({ passed: false, largest: Number.POSITIVE_INFINITY });
  });

  test('of shapes there is none', () => {
    expect(compare(numbers(1), numbers(1, 2), singleTolerance).mismatch).toBe('shape [1], expected [2]');
  });
});
