import { fail } from '../core/index.js';
import { Parameter, withPath } from '../ops/index.js';

interface Link {
  /** The module as everyone else sees it. */
  readonly self: Module;
  parent: Module | undefined;
  field: string;
  seed: number | undefined;
}

const links = new WeakMap<object, Link>();

function linkOf(module: object): Link {
  const link = links.get(module);
  if (link === undefined) throw fail('value', { where: 'Module', rule: 'a module made by its constructor', got: 'another object' });
  return link;
}

/**
 * A part of a model: parameters and smaller modules in its fields, a `forward` that computes.
 *
 * Assigning to a field names the child, as in PyTorch: after `this.blocks = [new Block()]` the block's path is
 * `blocks.0`, and its parameters are `blocks.0.…`. Calling `forward` makes that path current, so that ops, taps and
 * errors inside it carry it. Both happen in a Proxy, which the constructor returns.
 */
export abstract class Module {
  constructor() {
    const self = new Proxy<Module>(this, handler);
    const link: Link = { self, parent: undefined, field: '', seed: undefined };
    links.set(this, link);
    links.set(self, link);
    // biome-ignore lint/correctness/noConstructorReturn: every module must be seen through its proxy, by itself too
    return self;
  }

  /** Fields that lead here from the root: `blocks.3.attention`; empty for the root. */
  get path(): string {
    const { parent, field } = linkOf(this);
    if (parent === undefined) return '';
    return parent.path === '' ? field : `${parent.path}.${field}`;
  }

  /** Seeds the first values of every parameter; the root's counts. 0 by default. */
  get seed(): number {
    const { parent, seed } = linkOf(this);
    return parent === undefined ? (seed ?? 0) : parent.seed;
  }

  set seed(value: number) {
    linkOf(this).seed = value;
  }

  /** Every parameter by name, in the order of fields; one that is shared counts once, where it was first assigned. */
  parameters(): Map<string, Parameter> {
    const found = new Map<string, Parameter>();
    const visit = (value: unknown): void => {
      if (value instanceof Parameter) found.set(value.name, value);
      else if (value instanceof Module) Object.values(value).forEach(visit);
      else if (Array.isArray(value)) value.forEach(visit);
    };
    visit(this);
    return found;
  }

  /** Number of trained numbers. */
  get parameterCount(): number {
    return [...this.parameters().values()].reduce((n, p) => n + p.shape.reduce((a, b) => a * b, 1), 0);
  }
}

const handler: ProxyHandler<Module> = {
  defineProperty(target, key, descriptor) {
    if (typeof key === 'string') adopt(descriptor.value, linkOf(target).self, key);
    return Reflect.defineProperty(target, key, descriptor);
  },
  get(target, key, receiver) {
    const value: unknown = Reflect.get(target, key, receiver);
    if (key !== 'forward' || typeof value !== 'function') return value;
    const { self } = linkOf(target);
    return (...args: unknown[]): unknown => withPath(self.path, () => value.apply(self, args));
  },
};

/** Names a child by its field; a child that has a place keeps it (tied weights). */
function adopt(value: unknown, parent: Module, field: string): void {
  if (value instanceof Parameter) {
    if (value.owner === undefined) {
      value.owner = parent;
      value.field = field;
    }
  } else if (value instanceof Module) {
    const link = linkOf(value);
    if (link.parent === undefined && value !== parent) {
      link.parent = parent;
      link.field = field;
    }
  } else if (Array.isArray(value)) {
    value.forEach((child, i) => {
      adopt(child, parent, `${field}.${i}`);
    });
  }
}
