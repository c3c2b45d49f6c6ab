import { expect, test } from 'vitest';
import {
  and,
  dilated,
  fixedFar,
  fromPositions,
  fromTable,
  globalTokens,
  gridWindows,
  or,
  padding,
  pastWindowMask,
  perHead,
  placesOf,
  prefix,
  sameDocument,
  shiftedWindows,
  slidingWindow,
  strided,
  windowMask,
  withinLengths,
} from '#dist/attention/index.js';
import { input, withPath } from '#dist/ops/index.js';

const bits = (...shape: number[]) => input('bits', shape, 'bool');
const floats = (...shape: number[]) => input('floats', shape);
const ints = (...shape: number[]) => input('ints', shape, 'int32');

const refused: readonly (readonly [what: string, build: () => unknown, message: string | RegExp])[] = [
  ['window 0', () => slidingWindow(0), 'slidingWindow at blocks.0.attention: a window that is a whole number, 1 or more; got 0.'],
  ['window 1.5', () => slidingWindow(1.5), /slidingWindow.*got 1\.5\./],
  ['a model’s window of 0', () => windowMask(4, 0), /windowMask at blocks\.0\.attention: a window .*got 0\./],
  ['and over a cache', () => pastWindowMask(bits(1, 4), 2, 0), /pastWindowMask at blocks\.0\.attention: a window .*got 0\./],
  ['dilation 0', () => dilated(2, 0), /dilated.*: a dilation that is a whole number, 1 or more; got 0\./],
  ['a dilated window of 0', () => dilated(0, 2), /dilated.*: a window /],
  ['stride NaN', () => strided(Number.NaN), /stridedLocal.*: a stride .*got NaN/],
  ['more summaries than the stride', () => fixedFar(2, 3), /fixedFar.*: at most as many summaries as the stride, 2; got 3\./],
  ['a negative prefix', () => prefix(-1), /prefix.*: a length that is a whole number, 0 or more; got -1\./],
  ['prefixes that are floats', () => prefix(floats(2)), /prefix.*each text's, \[B\] int32; got \[2\] float32\./],
  ['padding that is a float', () => padding(floats(2, 5)), /padding.*\[B,N\] bool, true = a token; got \[2,5\] float32\./],
  ['padding of rank 4', () => padding(bits(2, 1, 1, 5)), /padding.*got \[2,1,1,5\] bool\./],
  ['padding of fewer tokens', () => padding(bits(2, 5))(placesOf(7, 7)), /padding.*: values for all 7 tokens; got \[2,5\] bool\. Tell/],
  ['lengths of rank 2', () => withinLengths(ints(2, 1)), /withinLengths.*got \[2,1\] int32/],
  ['documents that are floats', () => sameDocument(floats(2, 5)), /sameDocument.*got \[2,5\] float32/],
  ['no global tokens', () => globalTokens([]), /globalTokens.*: at least one position; got none\./],
  ['a global position below 0', () => globalTokens([-1]), /globalTokens.*: a position .*got -1/],
  ['global tokens that are ints', () => globalTokens(ints(2, 5)), /globalTokens.*\[B,N\] bool; got \[2,5\] int32/],
  ['a grid of width 0', () => gridWindows({ gridWidth: 0, window: 2 }), /gridWindows.*: a grid width /],
  [
    'a shift as large as the window',
    () => shiftedWindows({ gridWidth: 8, window: 4, shift: 4 }),
    /shiftedWindows.*below the window, 4; got 4/,
  ],
  ['a window in the grid of 0', () => shiftedWindows({ gridWidth: 8, window: 0 }), /shiftedWindows.*: a window /],
  [
    'positions that give no booleans',
    () => fromPositions((i, j) => i.sub(j))(placesOf(3, 3)),
    /fromPositions.*booleans.*got \[3,3\] int32\. End it/,
  ],
  ['a table of length 0', () => fromTable(0, () => true), /fromTable.*: a length /],
  [
    'more tokens than the table',
    () => fromTable(4, () => true)(placesOf(6, 6)),
    /fromTable.*: at most 4 tokens, those of the table; got 6\./,
  ],
  ['and of nothing', () => and(), /and at blocks\.0\.attention: at least one mask; got none\./],
  ['or of nothing', () => or(), /or.*: at least one mask/],
  ['perHead of nothing', () => perHead([]), /perHead.*: at least one mask/],
  ['perHead of heads', () => perHead([() => bits(1, 2, 3, 3)])(placesOf(3, 3)), /perHead.*the same for all heads; got one for 2 heads/],
];

test.each(refused.map(([what, build, message]) => ({ what, build, message })))('$what', ({ build, message }) => {
  expect(() => withPath('blocks.0.attention', build)).toThrow(message);
  expect(() => withPath('blocks.0.attention', build)).toThrow(/ at blocks\.0\.attention: /);
});
