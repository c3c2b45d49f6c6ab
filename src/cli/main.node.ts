#!/usr/bin/env node
import { run } from './index.node.js';

// A reader that closes the pipe (`headlight sites … | head`) has had enough: no failure.
process.stdout.on('error', (error: { code?: string }) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});
process.exitCode = await run(process.argv.slice(2));
