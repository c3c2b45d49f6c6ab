import type { Tensor } from '../../../ops/index.js';
import { rotate } from '../../../position/index.js';
import { type Operator, required } from '../operator.js';

/** ONNX RotaryEmbedding, opset 23: x [B,H,T,D] or [B,T,H·D], caches of angles by position or by token. */
export const rotaryEmbedding: Operator = {
  apply: (inputs, attributes) => {
    const x = required(inputs, 0, 'X');
    const heads = attributes.number('num_heads', 0);
    const byHead = x.rank === 4 ? x : x.reshape([...x.shape.slice(0, 2), heads, (x.shape[2] as number) / heads]).transpose([0, 2, 1, 3]);
    const [batch, , length, width] = byHead.shape as [number, number, number, number];
    const turning = attributes.number('rotary_embedding_dim', 0) || width;
    const positions = inputs[3];
    const at = (cache: Tensor): Tensor =>
      (positions === undefined ? cache : cache.gather(positions)).reshape([batch, 1, length, turning / 2]);
    const rotation = { cos: at(required(inputs, 1, 'cos_cache')), sin: at(required(inputs, 2, 'sin_cache')) };
    const y = rotate(byHead, rotation, { interleaved: attributes.number('interleaved', 0) !== 0 });
    return [x.rank === 4 ? y : y.transpose([0, 2, 1, 3]).reshape(x.shape)];
  },
};
