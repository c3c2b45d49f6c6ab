import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { expect } from 'vitest';
import { readSafetensors } from '#dist/checkpoints/index.js';
import type { HostArray } from '#dist/core/index.js';
import { within } from '../cli/command.js';

/** Values of sites by their names, as `headlight lens` writes them into a file: computed without the studio. */
export type Captured = (site: string) => HostArray;

/** @param args of `headlight lens`, without `--out` */
export async function captured(...args: readonly string[]): Promise<Captured> {
  const file = join(mkdtempSync(join(tmpdir(), 'captured-')), 'captured.safetensors');
  const { code, err } = await within('lens', ...args, '--out', file);
  expect(code, err).toBe(0);
  const read = await readSafetensors(file);
  const arrays = new Map(await Promise.all(read.names.map(async (name) => [name, await read.load(name)] as const)));
  await read.close();
  return (site) => {
    const found = arrays.get(site);
    if (found === undefined) throw new Error(`no ${site} among ${[...arrays.keys()].join(', ')}`);
    return found;
  };
}

export function at({ data, shape }: HostArray, ...index: readonly number[]): number {
  return data[index.reduce((flat, i, axis) => flat * (shape[axis] as number) + i, 0)] as number;
}

/** Softmax of the logits [1,T,V] of a position, or of labels [1,V]. */
export function probabilitiesOf({ data, shape }: HostArray, position = (shape.at(-2) as number) - 1): number[] {
  const width = shape.at(-1) as number;
  const from = shape.length === 3 ? position * width : 0;
  const row = Array.from(data.subarray(from, from + width) as Float32Array);
  const top = Math.max(...row);
  const total = row.reduce((sum, z) => sum + Math.exp(z - top), 0);
  return row.map((z) => Math.exp(z - top) / total);
}

/** The chosen cell as the page says it: query, key, and the number in full. */
export async function readout(page: Page): Promise<{ query: number; key: number; value: number }> {
  const value = await page.locator('#readout [data-value]').getAttribute('data-value');
  const [query, key] = (await page.locator('#readout sub').allTextContents()).map(Number) as [number, number];
  return { query, key, value: Number(value) };
}

/** What the page lists as likely: probabilities by id. */
export async function listed(page: Page): Promise<Map<number, number>> {
  const pairs = await page
    .locator('[data-probability]')
    .evaluateAll((all) => all.map((one) => [Number((one as HTMLElement).dataset.id), Number((one as HTMLElement).dataset.probability)]));
  return new Map(pairs as [number, number][]);
}

/** The numbers of the head's table, as they are written; NaN where a cell is empty. */
export async function table(page: Page): Promise<number[][]> {
  const rows = await page
    .locator('#stage tbody tr')
    .evaluateAll((all) => all.map((row) => Array.from(row.querySelectorAll('td'), (cell) => cell.textContent ?? '')));
  return rows.map((row) => row.map((text) => (text.trim() === '' ? Number.NaN : Number(text.replaceAll('−', '-')))));
}

/** Written numbers have three digits, very small ones two: they are these, to that; where none is wanted, none is written. */
export function expectWritten(rows: readonly (readonly number[])[], wanted: (row: number, column: number) => number | undefined): void {
  const isRight = (written: number, number: number | undefined): boolean => {
    if (number === undefined) return Number.isNaN(written);
    return Math.abs(written - number) <= (Math.abs(number) < 1e-4 ? 0.0501 : 0.00501) * Math.abs(number) + 1e-12;
  };
  const wrong = rows.flatMap((row, i) =>
    row.flatMap((written, j) => (isRight(written, wanted(i, j)) ? [] : [`row ${i}, column ${j}: ${written} for ${wanted(i, j)}`])),
  );
  expect(rows.flat().length).toBeGreaterThan(0);
  expect(wrong).toEqual([]);
}
