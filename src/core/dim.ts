import { fail } from './errors.js';

/** The size of an axis: a number, or an expression of named sizes such as `T + P`, known only when a program runs. */
export type Dim = number | SymbolicDim;

/** A polynomial of named sizes with integer coefficients, kept in canonical form so that equal sizes compare equal. */
export class SymbolicDim {
  /** Monomial (symbols sorted and joined by `*`, empty for the constant) to its coefficient; no zero coefficients. */
  readonly terms: ReadonlyMap<string, number>;
  readonly key: string;

  constructor(terms: ReadonlyMap<string, number>) {
    const sorted = [...terms].filter(([, c]) => c !== 0).sort(([a], [b]) => (a < b ? -1 : 1));
    this.terms = new Map(sorted);
    this.key = sorted
      .map(([m, c]) => (m === '' ? String(c) : c === 1 ? m : `${c}*${m}`))
      .join('+')
      .replaceAll('+-', '-');
  }

  /** The names this size depends on. */
  get symbols(): string[] {
    return [...new Set([...this.terms.keys()].flatMap((m) => (m === '' ? [] : m.split('*'))))];
  }

  toString(): string {
    return this.key;
  }
}

/** A named size, such as `B` or `T`. */
export function symbol(name: string): SymbolicDim {
  if (!/^[A-Za-z]\w*$/.test(name)) {
    throw fail('value', { where: 'symbol', rule: 'a size is named by letters, digits and _', got: JSON.stringify(name) });
  }
  return new SymbolicDim(new Map([[name, 1]]));
}

function termsOf(d: Dim): ReadonlyMap<string, number> {
  return typeof d === 'number' ? new Map([['', d]]) : d.terms;
}

/** A polynomial without symbols is a number. */
function simplify(terms: ReadonlyMap<string, number>): Dim {
  const dim = new SymbolicDim(terms);
  if (dim.terms.size === 0) return 0;
  const constant = dim.terms.get('');
  return dim.terms.size === 1 && constant !== undefined ? constant : dim;
}

export function equalDims(a: Dim, b: Dim): boolean {
  if (typeof a === 'number' || typeof b === 'number') return a === b;
  return a.key === b.key;
}

export function addDims(a: Dim, b: Dim): Dim {
  if (typeof a === 'number' && typeof b === 'number') return a + b;
  const sum = new Map(termsOf(a));
  for (const [m, c] of termsOf(b)) sum.set(m, (sum.get(m) ?? 0) + c);
  return simplify(sum);
}

export function subtractDims(a: Dim, b: Dim): Dim {
  return addDims(a, multiplyDims(b, -1));
}

export function multiplyDims(a: Dim, b: Dim): Dim {
  if (typeof a === 'number' && typeof b === 'number') return a * b;
  const product = new Map<string, number>();
  for (const [ma, ca] of termsOf(a)) {
    for (const [mb, cb] of termsOf(b)) {
      const m = [...split(ma), ...split(mb)].sort().join('*');
      product.set(m, (product.get(m) ?? 0) + ca * cb);
    }
  }
  return simplify(product);
}

/** `a / b` where it divides exactly, `undefined` where it does not or cannot be known. */
export function divideDims(a: Dim, b: Dim): Dim | undefined {
  if (typeof a === 'number' && typeof b === 'number') return b !== 0 && a % b === 0 ? a / b : undefined;
  if (equalDims(a, b)) return 1;
  const divisor = [...termsOf(b)];
  const only = divisor[0];
  if (divisor.length !== 1 || only === undefined) return undefined;
  const [mb, cb] = only;
  const quotient = new Map<string, number>();
  for (const [ma, ca] of termsOf(a)) {
    const left = split(ma);
    for (const s of split(mb)) {
      const at = left.indexOf(s);
      if (at < 0) return undefined;
      left.splice(at, 1);
    }
    if (ca % cb !== 0) return undefined;
    quotient.set(left.join('*'), ca / cb);
  }
  return simplify(quotient);
}

function split(monomial: string): string[] {
  return monomial === '' ? [] : monomial.split('*');
}

/** The number a size has once its symbols are bound. */
export function evaluateDim(d: Dim, bindings: Readonly<Record<string, number>>): number {
  if (typeof d === 'number') return d;
  let sum = 0;
  for (const [m, c] of d.terms) {
    let product = c;
    for (const s of split(m)) {
      const value = bindings[s];
      if (value === undefined) throw fail('value', { where: 'evaluateDim', rule: `the size ${s} must be bound`, got: d.key });
      product *= value;
    }
    sum += product;
  }
  return sum;
}
