// node first-step.node.js ARGUMENTS…: runs the command with them, says so after the first training step, and ends.
import { run } from '../../index.node.js';
import { processIo } from '../../process-io.node.js';

const progress = {
  update(): void {
    process.stdout.write('first step\n', () => process.exit(0));
  },
  stop(): void {},
};
process.exitCode = await run(process.argv.slice(2), { ...processIo(), progress: () => progress });
