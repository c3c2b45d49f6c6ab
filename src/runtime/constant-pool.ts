import type { HostArray } from '../core/index.js';
import type { OnnxTensor, OnnxType } from '../onnx/index.js';

/** Constants up to this many bytes are shared by content. */
const shareBelow = 4096;

/** A graph's constants: the same array is stored once, and so are small ones of the same content. */
export class ConstantPool {
  readonly initializers: OnnxTensor[] = [];
  readonly #shared = new Map<string, string>();
  readonly #byIdentity = new Map<object, Map<string, string>>();

  /** @returns the name under which the value stands */
  add(value: HostArray): string {
    const bytes = new Uint8Array(value.data.buffer, value.data.byteOffset, value.data.byteLength);
    const views = this.#byIdentity.get(value.data) ?? new Map<string, string>();
    const view = `${value.dtype}[${value.shape}]`;
    const known = views.get(view);
    if (known !== undefined) return known;
    const key = bytes.length <= shareBelow ? `${view}${String.fromCharCode(...bytes)}` : undefined;
    const shared = key === undefined ? undefined : this.#shared.get(key);
    if (shared !== undefined) return shared;
    const name = `constant.${this.initializers.length}`;
    this.initializers.push({ name, type: value.dtype as OnnxType, dims: value.shape, data: bytes });
    this.#byIdentity.set(value.data, views.set(view, name));
    if (key !== undefined) this.#shared.set(key, name);
    return name;
  }
}
