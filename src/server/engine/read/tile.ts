import { fail } from '../../../core/index.js';
import type { Matrix, Output, Range } from '../../protocol/index.js';
import type { HeadMatrix } from './head-matrix.js';
import { cellsOf, pooled } from './pool.js';

/** Cells of one tile: 4 MiB. */
const mostCells = 2 ** 20;

/** A part of a matrix at a level, clipped to what there is. @throws value: a range that is none, or too many cells */
export function tileOf(matrix: HeadMatrix, level: number, rows: Range, columns: Range): Matrix {
  if (!(Number.isInteger(level) && level >= 0 && level <= 12))
    throw fail('value', { where: 'level', rule: 'a whole number from 0 to 12', got: String(level) });
  const side = 2 ** level;
  const [tall, wide] = [clipped(rows, cellsOf(matrix.rows, side)), clipped(columns, cellsOf(matrix.columns, side))];
  const cells = (tall[1] - tall[0]) * (wide[1] - wide[0]);
  if (cells > mostCells)
    throw fail('value', { where: 'tile', rule: `at most ${mostCells} cells`, got: String(cells), fix: 'Ask for less, or a higher level' });
  return level === 0 ? copied(matrix, tall, wide) : pooled(matrix, side, tall, wide);
}

/** Level 0 is the very numbers, also those that a mask takes out of the scores. */
function copied({ data, columns }: HeadMatrix, rows: Range, range: Range): Matrix {
  const [height, width] = [rows[1] - rows[0], range[1] - range[0]];
  const out = new Float32Array(height * width);
  for (let i = 0; i < height; i++) {
    const from = (rows[0] + i) * columns;
    out.set(data.subarray(from + range[0], from + range[1]), i * width);
  }
  return { shape: [height, width], data: out };
}

/** @throws value: a range that is none */
export function clipped([from, to]: Range, size: number): Range {
  if (!(Number.isInteger(from) && Number.isInteger(to) && from >= 0 && to >= from))
    throw fail('value', { where: 'range', rule: 'two whole numbers, [from, to)', got: `[${from}, ${to})` });
  return [Math.min(from, size), Math.min(to, size)];
}

/** A row or a column. @throws value: no such token */
export function lineOf(matrix: HeadMatrix, token: number, along: 'row' | 'column'): Output<'read.line'>['values'] {
  const { data, rows, columns } = matrix;
  const size = along === 'row' ? rows : columns;
  if (!(Number.isInteger(token) && token >= 0 && token < size))
    throw fail('value', { where: 'token', rule: `a token from 0 to ${size - 1}`, got: String(token) });
  if (along === 'row') return data.slice(token * columns, (token + 1) * columns);
  return Float32Array.from({ length: rows }, (_, row) => data[row * columns + token] as number);
}
