import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  addDims,
  type Dim,
  divideDims,
  equalDims,
  evaluateDim,
  multiplyDims,
  SymbolicDim,
  subtractDims,
  symbol,
} from '#dist/core/index.js';

const bindings = fc.record({ B: fc.integer({ min: 1, max: 9 }), T: fc.integer({ min: 1, max: 9 }), P: fc.integer({ min: 1, max: 9 }) });

/** Random expressions, built with the very operations under test, beside what they mean. */
interface Expression {
  readonly dim: Dim;
  readonly value: (b: Record<string, number>) => number;
}
const { expression } = fc.letrec<{ expression: Expression }>((tie) => ({
  expression: fc.oneof(
    { maxDepth: 3, depthSize: 'small' },
    fc.integer({ min: -5, max: 5 }).map((n): Expression => ({ dim: n, value: () => n })),
    fc.constantFrom('B', 'T', 'P').map((s): Expression => ({ dim: symbol(s), value: (b) => b[s] as number })),
    fc.tuple(fc.constantFrom('+', '-', '*'), tie('expression'), tie('expression')).map(([sign, x, y]): Expression => {
      if (sign === '+') return { dim: addDims(x.dim, y.dim), value: (b) => x.value(b) + y.value(b) };
      if (sign === '-') return { dim: subtractDims(x.dim, y.dim), value: (b) => x.value(b) - y.value(b) };
      return { dim: multiplyDims(x.dim, y.dim), value: (b) => x.value(b) * y.value(b) };
    }),
  ),
}));

describe('arithmetic of sizes', () => {
  test('an expression evaluates to what its numbers give', () => {
    fc.assert(
      fc.property(expression, bindings, ({ dim, value }, b) => {
        // + 0: a zero's sign means nothing in a size.
        expect(evaluateDim(dim, b) + 0).toBe(value(b) + 0);
      }),
    );
  });

  test('is a commutative ring: equal expressions are equal sizes', () => {
    fc.assert(
      fc.property(expression, expression, expression, (x, y, z) => {
        const [a, b, c] = [x.dim, y.dim, z.dim];
        expect(equalDims(addDims(a, b), addDims(b, a))).toBe(true);
        expect(equalDims(multiplyDims(a, b), multiplyDims(b, a))).toBe(true);
        expect(equalDims(addDims(addDims(a, b), c), addDims(a, addDims(b, c)))).toBe(true);
        expect(equalDims(multiplyDims(multiplyDims(a, b), c), multiplyDims(a, multiplyDims(b, c)))).toBe(true);
        expect(equalDims(multiplyDims(a, addDims(b, c)), addDims(multiplyDims(a, b), multiplyDims(a, c)))).toBe(true);
        expect(subtractDims(a, a)).toBe(0);
        expect(multiplyDims(a, 0) === 0).toBe(true);
        expect(equalDims(multiplyDims(a, 1), a)).toBe(true);
      }),
    );
  });

  test('sizes are equal only if they agree under every binding', () => {
    fc.assert(
      fc.property(expression, expression, fc.array(bindings, { minLength: 1, maxLength: 5 }), (x, y, bs) => {
        const differ = bs.some((b) => x.value(b) !== y.value(b));
        if (differ) expect(equalDims(x.dim, y.dim)).toBe(false);
      }),
    );
  });

  test('without symbols left, a size is a number', () => {
    const [B, T] = [symbol('B'), symbol('T')];
    expect(subtractDims(addDims(B, T), addDims(T, subtractDims(B, 3)))).toBe(3);
    expect(multiplyDims(B, T)).toBeInstanceOf(SymbolicDim);
  });

  test('are written the same however they came about', () => {
    const [T, P] = [symbol('T'), symbol('P')];
    expect(String(addDims(T, P))).toBe('P+T');
    expect(String(addDims(P, T))).toBe('P+T');
    expect(String(subtractDims(multiplyDims(2, T), 1))).toBe('-1+2*T');
    expect(String(subtractDims(T, P))).toBe('-1*P+T');
    expect(multiplyDims(T, addDims(P, 1))).toMatchObject({ symbols: ['P', 'T'] });
  });
});

describe('divideDims', () => {
  test('undoes a product with one term', () => {
    const monomial = fc
      .tuple(fc.integer({ min: 1, max: 4 }), fc.subarray(['B', 'T', 'P']))
      .map(([n, names]) => names.reduce<Dim>((d, s) => multiplyDims(d, symbol(s)), n));
    fc.assert(
      fc.property(expression, monomial, (x, d) => {
        const quotient = divideDims(multiplyDims(x.dim, d), d);
        // 0 · B is the number 0, which no longer knows that B divides it.
        if (multiplyDims(x.dim, d) === 0) return;
        expect(quotient !== undefined && equalDims(quotient, x.dim)).toBe(true);
      }),
    );
  });

  test('gives nothing where it does not divide', () => {
    const [B, T] = [symbol('B'), symbol('T')];
    expect(divideDims(7, 2)).toBeUndefined();
    expect(divideDims(6, 0)).toBeUndefined();
    expect(divideDims(B, 0)).toBeUndefined();
    expect(divideDims(B, T)).toBeUndefined();
    expect(divideDims(addDims(B, 1), B)).toBeUndefined();
    expect(divideDims(multiplyDims(3, B), 2)).toBeUndefined();
    expect(divideDims(6, B)).toBeUndefined();
    expect(divideDims(addDims(B, T), addDims(T, B))).toBe(1);
    expect(divideDims(multiplyDims(B, multiplyDims(B, T)), B)).toMatchObject({ key: 'B*T' });
  });
});

test('an unbound name and a bad name are errors that name it', () => {
  expect(() => evaluateDim(addDims(symbol('T'), 1), { B: 2 })).toThrow('evaluateDim: the size T must be bound; got 1+T.');
  for (const bad of ['', '2B', 'a b', 'a*b', 'a+b']) expect(() => symbol(bad)).toThrow(JSON.stringify(bad));
});
