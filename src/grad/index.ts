import { setDifferentiator } from '../ops/index.js';
import { vectorJacobian } from './gradients.js';

setDifferentiator(vectorJacobian); // recompute and scan differentiate within an op's rule

export { gradients } from './gradients.js';
export { grad, type LossFunction, valueAndGrad } from './transforms.js';
