import fc from 'fast-check';

// A property that fails is made smaller step by step; over real numbers that may take hours, which would look like a hang.
// Other people's machines look for counterexamples anywhere; a server that judges a change looks at the same cases each time.
fc.configureGlobal({ interruptAfterTimeLimit: 60_000, markInterruptAsFailure: true, ...(process.env.CI && { seed: 20_261_121 }) });
