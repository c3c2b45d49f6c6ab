import fc from 'fast-check';

// A property that fails is made smaller step by step; over real numbers that may take hours, which would look like a hang.
fc.configureGlobal({ interruptAfterTimeLimit: 60_000, markInterruptAsFailure: true });
