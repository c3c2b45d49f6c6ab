import { describe, expect, test } from 'vitest';
import { Embedding, Linear, Mlp, Module, normal } from '#dist/nn/index.js';
import { input, Parameter, parameterTensor, type Tensor, tap } from '#dist/ops/index.js';
import { lowerProgram, sitesOf } from '#dist/runtime/index.js';

class Block extends Module {
  readonly up = new Linear(2, 3);
  readonly down = new Linear(3, 2, { bias: false });

  forward(x: Tensor): Tensor {
    return tap('output', this.down.forward(tap('hidden', this.up.forward(x))));
  }
}

class Model extends Module {
  readonly tokens = new Embedding(5, 2);
  readonly blocks: Block[];
  readonly extra = { gate: new Linear(2, 2, { bias: false }), pair: [new Parameter([2], normal(1))] };
  readonly head: Embedding | undefined;

  constructor(layers: number, tied = true) {
    super();
    this.blocks = Array.from({ length: layers }, () => new Block());
    this.head = tied ? this.tokens : undefined;
  }

  forward(ids: Tensor): Tensor {
    return tap('logits', (this.head ?? this.tokens).scores(this.blocks.reduce((x, b) => b.forward(x), this.tokens.forward(ids))));
  }
}

describe('names', () => {
  test('are the fields, through lists, objects and modules, in their order', () => {
    expect([...new Model(2).parameters().keys()]).toEqual([
      'tokens.weight',
      'blocks.0.up.weight',
      'blocks.0.up.bias',
      'blocks.0.down.weight',
      'blocks.1.up.weight',
      'blocks.1.up.bias',
      'blocks.1.down.weight',
      'extra.gate.weight',
      'extra.pair.0',
    ]);
  });

  test('a parameter knows its name, a module its path', () => {
    const model = new Model(2);
    for (const [name, parameter] of model.parameters()) expect(parameter.name).toBe(name);
    expect(model.path).toBe('');
    expect(model.blocks[1]?.down.path).toBe('blocks.1.down');
    expect(model.extra.gate.path).toBe('extra.gate');
  });

  test('lead from the module that is asked', () => {
    const model = new Model(2);
    expect([...(model.blocks[1] as Block).parameters().keys()]).toEqual(['up.weight', 'up.bias', 'down.weight']);
  });

  test('a shared parameter counts once, where it is met first', () => {
    const model = new Model(1);
    expect(model.head).toBe(model.tokens);
    expect([...model.parameters().values()].filter((p) => p === model.tokens.weight)).toHaveLength(1);
    expect(model.parameterCount).toBe(5 * 2 + 2 * 2 + 2 + (2 * 3 + 3 + 3 * 2));
    expect(new Model(1, false).parameterCount).toBe(model.parameterCount);
  });

  test('a part that is put into a list later is named when it is needed', () => {
    class Grown extends Module {
      readonly blocks: Block[] = [];
      forward(x: Tensor): Tensor {
        return this.blocks.reduce((y, b) => b.forward(y), x);
      }
    }
    const model = new Grown();
    model.blocks.push(new Block(), new Block());
    const y = model.forward(input('x', [1, 2]));
    expect([...sitesOf([y]).keys()]).toContain('blocks.1.output');
    expect([...model.parameters().keys()]).toContain('blocks.1.down.weight');
    expect(model.blocks[0]?.up.weight.name).toBe('blocks.0.up.weight');
  });

  test('a field assigned anew names the new part', () => {
    class Swapped extends Module {
      part = new Linear(2, 2);
    }
    const model = new Swapped();
    model.part = new Linear(3, 3, { bias: false });
    expect([...model.parameters()].map(([name, p]) => [name, p.shape])).toEqual([['part.weight', [3, 3]]]);
    expect(model.part.path).toBe('part');
  });

  test('private fields and getters of a module work as in any class', () => {
    class Private extends Module {
      #factor = 2;
      readonly weight = new Parameter([1], normal(1));
      get factor(): number {
        return this.#factor;
      }
      grow(): void {
        this.#factor++;
      }
    }
    const module = new Private();
    module.grow();
    expect(module.factor).toBe(3);
    expect([...module.parameters().keys()]).toEqual(['weight']);
  });
});

describe('the path while a module computes', () => {
  const ids = input('ids', [1, 3], 'int32');

  test('is the module’s: sites and nodes carry it, the caller’s comes back after', () => {
    const logits = new Model(2).forward(ids);
    expect([...sitesOf([logits]).keys()]).toEqual(['blocks.0.hidden', 'blocks.0.output', 'blocks.1.hidden', 'blocks.1.output', 'logits']);
  });

  test('leads from the module that was called first', () => {
    const model = new Model(2);
    const y = (model.blocks[1] as Block).forward(input('x', [1, 2]));
    expect([...sitesOf([y]).keys()]).toEqual(['hidden', 'output']);
  });

  test('stands in errors, and an error does not leave it behind', () => {
    const bad = new (class extends Module {
      readonly layers = [new Linear(2, 3), new Linear(2, 3)];
      forward(x: Tensor): Tensor {
        return this.layers.reduce((y, l) => l.forward(y), x);
      }
    })();
    const message =
      'linear at layers.1: the last axis of x must be 2, the width the weight takes; got x=[1,3] float32, weight=[2,3] float32, bias=[3] float32.';
    expect(() => bad.forward(input('x', [1, 2]))).toThrow(message);
    expect(() => bad.forward(input('x', [1, 2]))).toThrow(message);
    expect(() => input('a', [2]).add(input('b', [3]))).toThrow(/^add: /);
  });

  test('stands in ONNX’s node names', () => {
    const { model } = lowerProgram({ y: new Model(2).forward(ids) }, [{ name: 'ids', spec: ids }]);
    expect(model.graph.nodes.some((n) => n.name.startsWith('blocks.1.down/linear'))).toBe(true);
  });
});

describe('first values', () => {
  const valuesOf = (module: Module): Map<string, Float32Array> =>
    new Map([...module.parameters()].map(([name, p]) => [name, p.value.data as Float32Array]));

  test('do not change for the others when a layer is added', () => {
    const [small, large] = [valuesOf(new Model(1)), valuesOf(new Model(3))];
    for (const [name, values] of small) expect(large.get(name)).toEqual(values);
  });

  test('differ from parameter to parameter and from seed to seed, and repeat with the seed', () => {
    const seeded = (seed: number): Map<string, Float32Array> => {
      const model = new Model(2);
      model.seed = seed;
      return valuesOf(model);
    };
    expect(seeded(1)).toEqual(seeded(1));
    expect(seeded(1).get('tokens.weight')).not.toEqual(seeded(2).get('tokens.weight'));
    expect(seeded(1).get('blocks.0.up.weight')).not.toEqual(seeded(1).get('blocks.1.up.weight'));
  });

  test('have the deviation asked for, and mean 0', () => {
    const layers = [new Linear(100, 200), new Linear(100, 200, { initializer: normal(0.5) }), new Embedding(200, 100, normal(0.1))];
    const parts = new Mlp({ width: 40, activation: 'gelu', outputInitializer: normal(0.003) });
    const cases: [Float32Array, number][] = [
      ...layers.map((l, i): [Float32Array, number] => [l.weight.value.data as Float32Array, [0.02, 0.5, 0.1][i] as number]),
      [parts.up.weight.value.data as Float32Array, 0.02],
      [parts.down.weight.value.data as Float32Array, 0.003],
    ];
    for (const [values, deviation] of cases) {
      const n = values.length;
      const mean = values.reduce((a, b) => a + b, 0) / n;
      const spread = Math.sqrt(values.reduce((a, b) => a + (b - mean) ** 2, 0) / n);
      expect(Math.abs(mean) / deviation).toBeLessThan(4 / Math.sqrt(n));
      expect(Math.abs(spread / deviation - 1)).toBeLessThan(4 / Math.sqrt(2 * n));
    }
    expect(new Set((layers[0] as Linear).bias?.value.data as Float32Array)).toEqual(new Set([0]));
  });

  test('values of another shape are refused by name', () => {
    const model = new Model(1);
    const { weight } = (model.blocks[0] as Block).up;
    expect(() => {
      weight.value = new Linear(3, 2).weight.value;
    }).toThrow('parameter blocks.0.up.weight: values of shape [2,3] float32; got [3,2] float32.');
  });
});

test('a module’s method on something else says so', () => {
  expect(() => Object.create(Module.prototype).path).toThrow('Module: a module made by its constructor');
  expect(parameterTensor(new Linear(2, 2).weight).shape).toEqual([2, 2]);
});
