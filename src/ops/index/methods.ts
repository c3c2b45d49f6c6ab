import { Tensor, type TensorLike } from '../tensor.js';
import { gather } from './gather.js';

declare module '../tensor.js' {
  interface Tensor {
    gather(indices: TensorLike, axis?: number): Tensor;
  }
}
Object.assign(Tensor.prototype, {
  gather(this: Tensor, indices: TensorLike, axis?: number) {
    return gather(this, indices, axis);
  },
});
