import { setDifferentiator } from '../ops/index.js';
import { gradients } from './gradients.js';

setDifferentiator(gradients); // recompute-in-backward differentiates within an op's rule

export { gradients } from './gradients.js';
export { grad, type LossFunction, valueAndGrad } from './transforms.js';
