export { currentPath, withPath } from '../core/index.js';

let training = false;

/** Whether the program being traced is for training (dropout is active). */
export function isTraining(): boolean {
  return training;
}

export function withTraining<T>(on: boolean, work: () => T): T {
  const before = training;
  training = on;
  try {
    return work();
  } finally {
    training = before;
  }
}
