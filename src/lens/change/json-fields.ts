import { fail, type HostArray } from '../../core/index.js';

/** Reads an array that was packed. @throws file */
export type UnpackArray = (value: unknown, where: string) => HostArray;

/** Fields of an object from a file, each held to what it must be. */
export class JsonFields {
  constructor(
    private readonly fields: Readonly<Record<string, unknown>>,
    readonly where: string,
    private readonly unpack: UnpackArray,
  ) {}

  /** @throws file: what is no object */
  static of(value: unknown, where: string, unpack: UnpackArray): JsonFields {
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      return new JsonFields(value as Readonly<Record<string, unknown>>, where, unpack);
    }
    throw fail('file', { where, rule: 'an object', got: described(value) });
  }

  has(name: string): boolean {
    return Object.hasOwn(this.fields, name) && this.fields[name] !== undefined;
  }

  text(name: string): string {
    const value = this.#get(name);
    return typeof value === 'string' ? value : this.#refuse(name, 'text');
  }

  number(name: string): number {
    const value = this.#get(name);
    return typeof value === 'number' && Number.isFinite(value) ? value : this.#refuse(name, 'a number');
  }

  boolean(name: string): boolean {
    const value = this.#get(name);
    return typeof value === 'boolean' ? value : this.#refuse(name, 'true or false');
  }

  /** Whole numbers. */
  places(name: string): readonly number[] {
    const value = this.#get(name);
    return isPlaces(value) ? value : this.#refuse(name, 'a list of whole numbers');
  }

  pairs(name: string): readonly (readonly [number, number])[] {
    const value = this.#get(name);
    const holds = Array.isArray(value) && value.every((pair) => isPlaces(pair) && pair.length === 2);
    return holds ? (value as unknown as readonly (readonly [number, number])[]) : this.#refuse(name, 'a list of pairs of whole numbers');
  }

  array(name: string): HostArray {
    return this.unpack(this.#get(name), `${this.where}.${name}`);
  }

  object(name: string): JsonFields {
    return JsonFields.of(this.#get(name), `${this.where}.${name}`, this.unpack);
  }

  list(name: string): readonly unknown[] {
    const value = this.#get(name);
    return Array.isArray(value) ? value : this.#refuse(name, 'a list');
  }

  names(): readonly string[] {
    return Object.keys(this.fields);
  }

  #get(name: string): unknown {
    return Object.hasOwn(this.fields, name) ? this.fields[name] : undefined;
  }

  #refuse(name: string, rule: string): never {
    throw fail('file', { where: `${this.where}.${name}`, rule, got: described(this.#get(name)) });
  }
}

function isPlaces(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((n) => Number.isSafeInteger(n));
}

/** A value from a file, short enough for an error. */
export function described(value: unknown): string {
  if (value === undefined) return 'nothing';
  const text = JSON.stringify(value) ?? typeof value;
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}
