import { describe, expect, it } from 'vitest';
import { checkModel, type OnnxAttribute, type OnnxGraph, type OnnxModel, type OnnxValue } from '#dist/onnx/index.js';
import { modelOf, node, sampleModel, tensorOf } from './models.js';

const value = (name: string): OnnxValue => ({ name, type: 'float32', dims: [2] });
const weights = tensorOf('w', new Float32Array(2), [2]);
const graphAttribute = (graph: Partial<OnnxGraph>): OnnxAttribute => ({ kind: 'graph', value: modelOf({ name: 'inner', ...graph }).graph });

/** y = x + w. */
const good: Partial<OnnxGraph> = {
  nodes: [node('Add', ['x', 'w'], ['y'])],
  initializers: [weights],
  inputs: [value('x')],
  outputs: [value('y')],
};
const withNodes = (...nodes: OnnxGraph['nodes']): OnnxModel => modelOf({ ...good, nodes: [...(good.nodes ?? []), ...nodes] });
const withBranch = (graph: Partial<OnnxGraph>): OnnxModel => withNodes(node('If', ['x'], ['z'], { then_branch: graphAttribute(graph) }));

describe('accepts', () => {
  it.each<[string, OnnxModel]>([
    ['a plain model', modelOf(good)],
    ['one with a Scan', sampleModel()],
    ['an initializer as an input’s default', modelOf({ ...good, inputs: [value('x'), value('w')] })],
    ['omitted inputs and outputs', withNodes(node('Op', ['', 'y'], ['', 'z']))],
    ['subgraphs that see outer names', withBranch({ nodes: [node('Neg', ['w'], ['n'])], outputs: [value('n')] })],
    [
      'sibling subgraphs with the same names',
      withNodes(
        node('If', ['x'], ['z'], {
          then_branch: graphAttribute({ nodes: [node('Neg', ['y'], ['n'])], outputs: [value('n')] }),
          else_branch: graphAttribute({ nodes: [node('Abs', ['y'], ['n'])], outputs: [value('n')] }),
        }),
      ),
    ],
    ['either name of the default domain', { ...modelOf(good), opsets: [{ domain: 'ai.onnx', version: 20 }] }],
    ['a float16 scalar', modelOf({ initializers: [{ name: 's', type: 'float16', dims: [], data: new Uint8Array(2) }] })],
    ['an empty tensor', modelOf({ initializers: [{ name: 'e', type: 'int64', dims: [3, 0], data: new Uint8Array(0) }] })],
  ])('%s', (_, model) => {
    expect(() => checkModel(model)).not.toThrow();
  });
});

describe('notices', () => {
  const inDomain = { ...node('Gelu', ['y'], ['z']), domain: 'com.microsoft' };
  const outside = { location: 'w.bin', offset: 0, length: 8 };
  const withTensor = (data: OnnxGraph['initializers'][number]['data'], dims: readonly number[] = [2]) =>
    modelOf({ ...good, initializers: [{ ...weights, dims, data }] });

  it.each<[string, OnnxModel, RegExp]>([
    ['no IR version', { ...modelOf(good), irVersion: 0 }, /^model: irVersion is a positive integer; got 0/],
    ['no opset', { ...modelOf(good), opsets: [] }, /at least one opset/],
    ['an opset without version', { ...modelOf(good), opsets: [{ domain: '', version: 0 }] }, /opset of domain '': its version/],
    [
      'a domain imported twice',
      {
        ...modelOf(good),
        opsets: [
          { domain: '', version: 20 },
          { domain: 'ai.onnx', version: 20 },
        ],
      },
      /imported once/,
    ],
    ['a node of an unknown domain', withNodes(inDomain), /^Gelu 'Gelu_z': its domain has an opset entry; got domain 'com.microsoft'/],
    ['a node without type', withNodes({ ...node('', ['y'], ['z']), name: 'blocks.0' }), /^node 'blocks.0': a node names its operator/],
    ['an undefined input', withNodes(node('Neg', ['q'], ['z'])), /^Neg 'Neg_z': inputs are defined before use; got 'q'/],
    ['nodes out of order', withNodes(node('Neg', ['b'], ['a']), node('Neg', ['y'], ['b'])), /Neg_a.*before use; got 'b'/],
    ['a node that feeds itself', withNodes(node('Neg', ['z'], ['z'])), /before use; got 'z'/],
    ['two nodes with one output', withNodes(node('Neg', ['x'], ['y'])), /Neg_y.*defined once; got output 'y'/],
    ['one node with an output twice', withNodes(node('Split', ['x'], ['a', 'a'])), /defined once; got output 'a'/],
    ['an output named as an input', withNodes(node('Neg', ['y'], ['x'])), /defined once; got output 'x'/],
    ['an output named as an initializer', withNodes(node('Neg', ['y'], ['w'])), /defined once; got output 'w'/],
    [
      'an input twice',
      modelOf({ ...good, inputs: [value('x'), value('x')] }),
      /^input of graph 'main': every name is defined once; got 'x' twice/,
    ],
    ['an initializer twice', modelOf({ ...good, initializers: [weights, weights] }), /^initializer of graph 'main'.*'w' twice/],
    ['an output twice', modelOf({ ...good, outputs: [value('y'), value('y')] }), /^output of graph 'main'.*'y' twice/],
    ['a nameless input', modelOf({ ...good, inputs: [value('x'), value('')] }), /it has a name/],
    ['an output that nothing defines', modelOf({ ...good, outputs: [value('q')] }), /^output 'q' of graph 'main': some node/],
    [
      'a subgraph that hides an outer name',
      withBranch({ nodes: [node('Neg', ['x'], ['y'])], outputs: [value('y')] }),
      /defined once; got output 'y'/,
    ],
    ['a subgraph that uses a later name', withBranch({ nodes: [node('Neg', ['z'], ['n'])], outputs: [value('n')] }), /before use; got 'z'/],
    ['an outer value returned as it is', withBranch({ outputs: [value('y')] }), /'y' of graph 'inner'.*Identity/],
    [
      'a name used outside its subgraph',
      modelOf({
        ...good,
        nodes: [...withBranch({ nodes: [node('Neg', ['x'], ['n'])], outputs: [value('n')] }).graph.nodes, node('Abs', ['n'], ['m'])],
      }),
      /^Abs.*before use; got 'n'/,
    ],
    [
      'a broken tensor in a subgraph',
      withBranch({ initializers: [{ ...weights, name: 'v', dims: [3] }] }),
      /^initializer 'v': \[3\] of float32 takes 12 bytes; got 8/,
    ],
    ['too few bytes', withTensor(new Uint8Array(7)), /^initializer 'w': \[2\] of float32 takes 8 bytes; got 7/],
    ['a scalar without bytes', withTensor(new Uint8Array(0), []), /takes 4 bytes; got 0/],
    ['external bytes that do not fit', withTensor({ ...outside, length: 4 }), /takes 8 bytes; got 4/],
    ['an external file without name', withTensor({ ...outside, location: '' }), /names its location/],
    ['an external offset below 0', withTensor({ ...outside, offset: -1 }), /offset is a whole number; got -1/],
    ['a fractional size', withTensor(new Uint8Array(8), [0.5, 4]), /dims are whole numbers/],
    [
      'a value of negative size',
      modelOf({ ...good, inputs: [{ ...value('x'), dims: [-1] }] }),
      /^value 'x': dims are names or whole numbers; got -1/,
    ],
    [
      'a tensor of strings',
      modelOf({ initializers: [{ name: 's', type: 'string', dims: [0], data: new Uint8Array() }] }),
      /a tensor of numbers/,
    ],
    [
      'a broken tensor attribute',
      withNodes(node('Constant', [], ['c'], { value: { kind: 'tensor', value: { ...weights, dims: [5] } } })),
      /^attribute 'value' of Constant 'Constant_c'/,
    ],
  ])('%s', (_, model, message) => {
    expect(() => checkModel(model)).toThrow(message);
    expect(() => checkModel(model)).toThrow(expect.objectContaining({ code: 'value' }));
  });
});
