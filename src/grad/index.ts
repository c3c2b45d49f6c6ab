import { setDifferentiator } from '../ops/index.js';
import { reachedGradients } from './gradients.js';

setDifferentiator(reachedGradients); // recompute and scan differentiate within an op's rule

export { gradients } from './gradients.js';
export { grad, type LossFunction, valueAndGrad } from './transforms.js';
