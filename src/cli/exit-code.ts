/** Exit codes, as the README promises them. 130 is what shells give for Ctrl-C. */
export const exitCode = { done: 0, failed: 1, badInput: 2, interrupted: 130 } as const;
