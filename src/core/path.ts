let path = '';

/** The path of the module that is being built or traced; ops, taps and errors carry it. */
export function currentPath(): string {
  return path;
}

/** Runs `work` with the module path set. Building and tracing are synchronous, so a plain variable suffices. */
export function withPath<T>(next: string, work: () => T): T {
  const before = path;
  path = next;
  try {
    return work();
  } finally {
    path = before;
  }
}
