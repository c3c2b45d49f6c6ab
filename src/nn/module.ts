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
 * `blocks.0`, and its parameters are `blocks.0.…`. Calling `forward` (or `advance`, of models that go on from a state)
 * makes that path current, so that ops, taps and errors inside it carry it. Both happen in a Proxy, which the constructor
 * returns. A child whose constructor may fail is built by `child`, or `children`: its name comes too late for that.
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

  /**
   * Every parameter by name, in the order of fields; one that is shared counts once, where it is met first.
   * Names lead here, to the module that was asked: a model keeps its names when it becomes part of another.
   */
  parameters(): Map<string, Parameter> {
    const found = new Map<string, Parameter>();
    const seen = new Set<Parameter>();
    const visit = (value: unknown, path: string, parent: Module, field: string): void => {
      adopt(value, parent, field);
      if (value instanceof Parameter) {
        if (!seen.has(value)) found.set(path, value);
        seen.add(value);
      } else if (value instanceof Module) {
        for (const [key, child] of Object.entries(value)) visit(child, join(path, key), value, key);
      } else if (isContainer(value)) {
        for (const [key, child] of Object.entries(value)) visit(child, join(path, key), parent, join(field, key));
      }
    };
    for (const [key, child] of Object.entries(this)) visit(child, key, this, key);
    return found;
  }

  /** Every module below by its path, this one first under the empty path; one that is shared counts once, where it is met first. */
  modules(): Map<string, Module> {
    const found = new Map<string, Module>();
    const seen = new Set<Module>();
    const visit = (value: unknown, path: string): void => {
      if (value instanceof Module) {
        if (seen.has(value)) return;
        seen.add(value);
        found.set(path, value);
      } else if (!isContainer(value)) return;
      for (const [key, child] of Object.entries(value)) visit(child, join(path, key));
    };
    visit(linkOf(this).self, '');
    return found;
  }

  /** Number of trained numbers. */
  get parameterCount(): number {
    return [...this.parameters().values()].reduce((n, p) => n + p.shape.reduce((a, b) => a * b, 1), 0);
  }
}

/** The module whose `forward` or `advance` was called first: paths lead from it. */
let origin: Module | undefined;

const handler: ProxyHandler<Module> = {
  defineProperty(target, key, descriptor) {
    if (typeof key === 'string') adopt(descriptor.value, linkOf(target).self, key);
    return Reflect.defineProperty(target, key, descriptor);
  },
  get(target, key, receiver) {
    const value: unknown = Reflect.get(target, key, receiver);
    if ((key !== 'forward' && key !== 'advance') || typeof value !== 'function') return value;
    const { self } = linkOf(target);
    return (...args: unknown[]): unknown => {
      if (origin !== undefined) return withPath(pathFrom(origin, self), () => value.apply(self, args));
      self.parameters(); // names children that came into lists after the list was assigned
      origin = self;
      try {
        return withPath('', () => value.apply(self, args));
      } finally {
        origin = undefined;
      }
    };
  },
};

/** Fields from one module to another below it; from the root, where it is not below. */
function pathFrom(top: Module, module: Module): string {
  const fields: string[] = [];
  for (let m: Module | undefined = module; m !== undefined; m = linkOf(m).parent) {
    if (m === top) return fields.reverse().join('.');
    fields.push(linkOf(m).field);
  }
  return module.path;
}

/** Lists and plain objects hold modules without being one. */
function isContainer(value: unknown): value is object {
  return Array.isArray(value) || (typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype);
}

export function join(path: string, field: string): string {
  return path === '' ? field : `${path}.${field}`;
}

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
  } else if (isContainer(value)) {
    for (const [key, child] of Object.entries(value)) adopt(child, parent, join(field, key));
  }
}
