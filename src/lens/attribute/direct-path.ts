import { tapOp } from '../../ops/control/tap.js';
import { type Node, type Parameter, parameterTensor, stopGradient, type Tensor, where } from '../../ops/index.js';
import { parameterOp } from '../../ops/leaves/parameter.js';
import { rewrite } from '../../runtime/passes/rewrite.js';

/** What an output is a sum over, once norms are frozen. */
export interface DirectPath {
  /** The output, of the same value, with gradients along the residual stream only. */
  readonly output: Tensor;
  /** What parts of the model wrote into the stream, by site. */
  readonly parts: ReadonlyMap<string, Tensor>;
  /** What biases of norms and matrices on the way add, by parameter name. */
  readonly biases: ReadonlyMap<string, Tensor>;
}

/**
 * The direct path from what parts of a model write into the residual stream to an output, as a linear function of what they
 * write: gradients stop where a part begins, so that no other attention or MLP lies between, and what is not linear on the way
 * is frozen at its value in this run. Norms keep their statistics, x̂ = (x − mean x) · [1/σ] (in pre-norm models the final norm
 * alone stands there; in post-norm ones a norm after every sum), and functions f with f(0) = 0, such as the soft cap of logits,
 * gelu and tanh of an encoder's head, become x · [f(x)/x] (the rule of Ali et al. 2022, "XAI for Transformers", for norms and of
 * Bach et al. 2015 for functions). So the output is exactly the sum of gradient × value over parts and biases.
 * @param isPart which sites are parts
 */
export function directPath(output: Tensor, isPart: (site: string) => boolean): DirectPath {
  const onPath = nodesBehind(output, isPart);
  const parts = new Map<string, Tensor>();
  const biases = new Map<string, Tensor>();
  const [result] = rewrite([output], (node, inputs) => {
    if (!onPath.has(node)) return undefined;
    const site = siteOf(node);
    if (site !== undefined && isPart(site)) {
      const part = stopGradient(inputs[0] as Tensor);
      let name = site;
      for (let again = 1; parts.has(name); again++) name = `${site}#${again}`;
      parts.set(name, part);
      return [part];
    }
    for (const bias of biasesOf(node)) biases.set(bias.name, parameterTensor(bias));
    return frozen(node, inputs);
  });
  return { output: result as Tensor, parts, biases };
}

/** The nodes from an output back to where parts begin, those included. */
function nodesBehind(output: Tensor, isPart: (site: string) => boolean): ReadonlySet<Node> {
  const found = new Set<Node>();
  const waiting = [output.node];
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    if (found.has(node)) continue;
    found.add(node);
    const site = siteOf(node);
    if (site === undefined || !isPart(site)) waiting.push(...node.inputs.map((x) => x.node));
  }
  return found;
}

function siteOf({ op, attrs }: Node): string | undefined {
  return op.name === tapOp.name ? String(attrs.site) : undefined;
}

/** Parameters that a node adds: biases of matrices and norms, and what is added as it is. */
function biasesOf({ op, inputs }: Node): Parameter[] {
  const added = op.name === 'add' ? inputs : op.name === 'linear' || op.name === 'layer_norm' ? inputs.slice(2) : [];
  return added.flatMap(({ node }) => (node.op.name === parameterOp.name ? [node.attrs.parameter as Parameter] : []));
}

/** A node that is not linear, as one that is, with the same values; undefined for one that is linear, or unknown. */
function frozen(node: Node, inputs: readonly Tensor[]): readonly Tensor[] | undefined {
  const [x, weight, bias] = inputs as [Tensor, Tensor, Tensor | undefined];
  switch (node.op.name) {
    case 'layer_norm': {
      const rstd = stopGradient(node.outputs[2] as Tensor);
      const mean = x.mean({ axis: -1, keep: true });
      const y = x.sub(mean).mul(rstd).mul(stopGradient(weight));
      return [bias === undefined ? y : y.add(bias), mean, rstd];
    }
    case 'rms_norm': {
      const scale = stopGradient(node.outputs[1] as Tensor);
      return [x.mul(scale).mul(stopGradient(weight)), scale];
    }
    case 'sigmoid':
      return [stopGradient(node.outputs[0] as Tensor)]; // the gate of silu: x · σ(x)
    case 'tanh':
    case 'relu':
    case 'gelu': {
      const [y, ...rest] = node.outputs as [Tensor, ...Tensor[]];
      const isZero = x.equal(0);
      const slope = stopGradient(where(isZero, 0, y.div(where(isZero, 1, x))));
      return [x.mul(slope), ...rest];
    }
    default:
      return undefined;
  }
}
