let path = '';

/** The module path that is being traced; ops, taps and errors carry it. */
export function currentPath(): string {
  return path;
}

/** Runs `work` with the module path set. Tracing is synchronous, so a plain variable suffices. */
export function withPath<T>(next: string, work: () => T): T {
  const before = path;
  path = next;
  try {
    return work();
  } finally {
    path = before;
  }
}

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
