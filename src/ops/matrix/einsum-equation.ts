import { type Dim, equalDims, fail, type HeadlightError } from '../../core/index.js';
import { formatSpec, type Spec } from '../spec.js';

/** A parsed equation: a label for every axis of every operand and of the result. */
export interface Equation {
  readonly operands: readonly (readonly string[])[];
  readonly output: readonly string[];
}

/**
 * Reads an equation such as `bthd,bshd->bhts` for operands of the given shapes. `...` stands for the axes no letter
 * names; they get labels `.1`, `.2`, … counted from the right, so that they align as broadcasting aligns them.
 * @throws value: the equation does not parse; shape: ranks or sizes do not fit, naming the letter
 */
export function parseEquation(equation: string, operands: readonly Spec[]): Equation {
  const refuse = (code: 'value' | 'shape', rule: string, fix?: string): HeadlightError =>
    fail(code, {
      where: 'einsum',
      rule,
      got: `'${equation}' for ${operands.map(formatSpec).join(', ') || 'no operands'}`,
      ...(fix === undefined ? {} : { fix }),
    });
  const [left, right, ...more] = equation.replaceAll(' ', '').split('->');
  if (left === undefined || right === undefined || more.length > 0) {
    throw refuse('value', "an equation 'letters,letters->letters'", "Write the result's axes after ->");
  }
  const terms = left.split(',');
  if (terms.length !== operands.length || left === '')
    throw refuse('value', `an operand for each of the ${terms.length} terms on the left`);

  const labels = terms.map((term, i) => {
    const operand = operands[i] as Spec;
    const spread = operand.shape.length - lettersOf(term, refuse).length;
    if (spread < 0 || (spread > 0 && !term.includes('...'))) {
      throw refuse('shape', `operand ${i} has as many axes as '${term}' has letters`, 'Let ... stand for further axes');
    }
    return expand(term, spread);
  });
  const widest = Math.max(0, ...labels.map((l) => l.filter((label) => label.startsWith('.')).length));
  lettersOf(right, refuse);
  const output = expand(right, widest);
  if (widest > 0 && !right.includes('...')) throw refuse('value', "the result keeps the axes of '...'", 'Write ... after -> too');

  const sizes = new Map<string, Dim>();
  labels.forEach((list, i) => {
    list.forEach((label, a) => {
      if (list.indexOf(label) !== a) throw refuse('value', `the axis ${label} stands once in each operand`, 'Diagonals are not taken');
      const size = operands[i]?.shape[a] as Dim;
      const known = sizes.get(label) ?? size;
      // The axes of `...` broadcast, as they do elsewhere; letters do not.
      if (!equalDims(known, size) && !(label.startsWith('.') && (known === 1 || size === 1))) {
        throw refuse('shape', `the axis ${label} has one size, not ${known} and ${size}`);
      }
      sizes.set(label, known === 1 ? size : known);
    });
  });
  output.forEach((label, a) => {
    if (!sizes.has(label)) throw refuse('value', `the axis ${label} of the result stands in an operand`);
    if (output.indexOf(label) !== a) throw refuse('value', `the axis ${label} stands once in the result`);
  });
  return { operands: labels, output };
}

function lettersOf(term: string, refuse: (code: 'value', rule: string) => HeadlightError): string[] {
  const letters = term.replace('...', '');
  if (!/^[A-Za-z]*$/.test(letters)) throw refuse('value', `letters, and at most one ..., are expected in '${term}'`);
  return [...letters];
}

/** `b...d` with two further axes: b, .2, .1, d. */
function expand(term: string, spread: number): string[] {
  const [head = '', tail] = term.split('...');
  if (tail === undefined) return [...head];
  return [...head, ...Array.from({ length: spread }, (_, i) => `.${spread - i}`), ...tail];
}
