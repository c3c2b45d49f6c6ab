export { gradients } from './gradients.js';
export { grad, type LossFunction, valueAndGrad } from './transforms.js';
