import { isFloat } from '#dist/core/index.js';
import type { EmitOptions, Emitter, Op, RefArray, Tensor } from '#dist/ops/index.js';
import { asymmetric, other } from './operators.js';

/** One fault put into one rule of an op. */
export interface Mutation {
  readonly what: string;
  readonly fault: Partial<Op>;
}

/**
 * The faults that can be put into an op's rules. Only faults that change what the op means are made: a gradient is
 * broken where there is one, inputs are swapped where their order matters.
 * @param gradients which inputs receive a gradient
 */
export function mutationsOf(op: Op, gradients: readonly boolean[]): Mutation[] {
  return [...declarationFaults(op), ...referenceFaults(op), ...gradientFaults(op, gradients), ...loweringFaults(op)];
}

function declarationFaults(op: Op): Mutation[] {
  const outputs = outputsOf(op);
  return Array.from({ length: outputs }, (_, k): Mutation[] => [
    {
      what: `infer: output ${k} has one axis more`,
      fault: { infer: (c) => op.infer(c).map((s, i) => (i === k ? { ...s, shape: [1, ...s.shape] } : s)) },
    },
    {
      what: `infer: output ${k} is longer by one`,
      fault: {
        infer: (c) => op.infer(c).map((s, i) => (i === k ? { ...s, shape: s.shape.map((d) => (typeof d === 'number' ? d + 1 : d)) } : s)),
      },
    },
    {
      what: `infer: output ${k} has another dtype`,
      fault: { infer: (c) => op.infer(c).map((s, i) => (i === k ? { ...s, dtype: s.dtype === 'int32' ? 'float32' : 'int32' } : s)) },
    },
  ]).flat();
}

function referenceFaults(op: Op): Mutation[] {
  const off = (y: RefArray): RefArray => ({ shape: y.shape, data: y.data.map((v, i) => (i === 0 ? v + 1 : v)) });
  return Array.from({ length: outputsOf(op) }, (_, k) => ({
    what: `reference: output ${k} is off in its first element`,
    fault: { reference: (x, attrs) => op.reference(x, attrs).map((y, i) => (i === k ? off(y) : y)) },
  }));
}

function gradientFaults(op: Op, gradients: readonly boolean[]): Mutation[] {
  const { vjp } = op;
  if (vjp === 'none') return [];
  const changed = (k: number, change: (g: Tensor) => Tensor | undefined): Partial<Op> => ({
    vjp: (c) => vjp(c).map((g, i) => (i === k && g !== undefined ? change(g) : g)),
  });
  return gradients.flatMap((present, k): Mutation[] =>
    present
      ? [
          { what: `vjp: gradient ${k} too large by 1%`, fault: changed(k, (g) => g.mul(1.01)) },
          { what: `vjp: gradient ${k} doubled and negated`, fault: changed(k, (g) => g.mul(-2)) },
          { what: `vjp: gradient ${k} missing`, fault: changed(k, () => undefined) },
        ]
      : [],
  );
}

function loweringFaults(op: Op): Mutation[] {
  const through = (wrap: (e: Emitter) => Emitter): Partial<Op> => ({ lower: (e, c) => op.lower(wrap(e), c) });
  return [
    ...Array.from(
      { length: outputsOf(op) },
      (_, k): Mutation => ({
        what: `lower: output ${k} is off`,
        fault: {
          lower: (e, c) => op.lower(e, c).map((y, i) => (i === k && y !== '' ? disturbed(e, y, c.outputSpecs[k]?.dtype ?? 'float32') : y)),
        },
      }),
    ),
    ...emitted(op).map(
      (type): Mutation => ({
        what: `lower: ${type} written as ${other[type]}`,
        fault: through((e) => intercept(e, (t, inputs, options) => [t === type ? (other[type] as string) : t, inputs, options])),
      }),
    ),
    ...attributesOf(op).map(
      ([type, name]): Mutation => ({
        what: `lower: ${type}'s ${name} changed`,
        fault: through((e) => intercept(e, (t, inputs, options) => [t, inputs, t === type ? withAttribute(options, name) : options])),
      }),
    ),
    ...ordered(op).map(
      (type): Mutation => ({
        what: `lower: ${type}'s inputs swapped`,
        fault: through((e) =>
          intercept(e, (t, inputs, options) => [
            t,
            t === type ? [inputs[1] as string, inputs[0] as string, ...inputs.slice(2)] : inputs,
            options,
          ]),
        ),
      }),
    ),
  ];
}

function disturbed(e: Emitter, y: string, dtype: Tensor['dtype']): string {
  if (dtype === 'bool') return e.one('Not', [y]);
  return e.one('Add', [y, isFloat(dtype) ? e.scalar(0.01, dtype) : e.scalar(1, dtype)]);
}

interface Emission {
  readonly type: string;
  readonly attributes: readonly string[];
}

/** What an op writes for its cases, on any target. */
function emissions(op: Op): Emission[] {
  const seen: Emission[] = [];
  const record = (type: string, options: EmitOptions | undefined): void => {
    seen.push({ type, attributes: Object.keys(options?.attributes ?? {}) });
  };
  for (const { attrs, inputs } of op.cases) {
    const specs = inputs.map((x) => ({ shape: x.shape, dtype: x.dtype ?? 'float32' }) as const);
    const outputSpecs = op.infer({ inputs: specs, attrs, path: '', refuse: (rule) => new Error(rule) as never });
    for (const webgpu of [false, true]) {
      op.lower(recorder(webgpu, record), {
        attrs,
        inputs: specs.map((_, i) => `x${i}`),
        inputSpecs: specs,
        outputSpecs,
        used: outputSpecs.map(() => true),
        constant: () => undefined,
      });
    }
  }
  return seen;
}

function recorder(webgpu: boolean, record: (type: string, options: EmitOptions | undefined) => void): Emitter {
  const many = (type: string, _: readonly string[], outputs: number, options?: EmitOptions): string[] => {
    record(type, options);
    return Array.from({ length: outputs }, () => 'y');
  };
  const name = (): string => 'c';
  return {
    target: { provider: webgpu ? 'webgpu' : 'cpu', plain: false },
    fused: !webgpu,
    one: (type, inputs, options) => many(type, inputs, 1, options)[0] as string,
    many,
    constant: name,
    scalar: name,
    ints: name,
    shape: name,
    cast: name,
    input: name,
    parameter: name,
    mask: name,
    scan: (body) => body.outputs.map(name),
  };
}

const emitted = (op: Op): string[] => [...new Set(emissions(op).map((x) => x.type))].filter((type) => other[type] !== undefined);
const ordered = (op: Op): string[] => [...new Set(emissions(op).map((x) => x.type))].filter((type) => asymmetric.has(type));

function attributesOf(op: Op): (readonly [string, string])[] {
  const found = new Map(
    emissions(op).flatMap(({ type, attributes }) => attributes.map((name) => [`${type} ${name}`, [type, name] as const])),
  );
  return [...found.values()];
}

function withAttribute(options: EmitOptions | undefined, name: string): EmitOptions {
  const value = options?.attributes?.[name];
  const changed =
    typeof value === 'number'
      ? value === 0
        ? 1
        : 0
      : typeof value === 'string'
        ? `${value === 'none' ? 'tanh' : 'none'}`
        : value === undefined
          ? 0
          : 'float' in value
            ? { float: value.float * 2 + 0.5 }
            : [...value].reverse();
  return { ...options, attributes: { ...options?.attributes, ...(value === undefined ? {} : { [name]: changed }) } };
}

type Change = (
  type: string,
  inputs: readonly string[],
  options: EmitOptions | undefined,
) => readonly [string, readonly string[], EmitOptions | undefined];

/** An emitter that changes what passes through it. */
function intercept(e: Emitter, change: Change): Emitter {
  return new Proxy(e, {
    get(target, key) {
      if (key === 'one')
        return (type: string, inputs: readonly string[], options?: EmitOptions) => target.one(...change(type, inputs, options));
      if (key === 'many') {
        return (type: string, inputs: readonly string[], outputs: number, options?: EmitOptions) => {
          const [t, x, o] = change(type, inputs, options);
          return target.many(t, x, outputs, o);
        };
      }
      const value = Reflect.get(target, key);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

function outputsOf(op: Op): number {
  const first = op.cases[0];
  if (first === undefined) return 0;
  const inputs = first.inputs.map((x) => ({ shape: x.shape, dtype: x.dtype ?? 'float32' }) as const);
  return op.infer({ inputs, attrs: first.attrs, path: '', refuse: (rule) => new Error(rule) as never }).length;
}
