import type { Command } from 'commander';
import type { CommandContext } from '../context.js';
import { exitCode } from '../exit-code.js';
import { jsonOption } from '../options.js';

export function declareConformance(program: Command, context: CommandContext): void {
  const command = program
    .command('conformance')
    .argument('<folder>', 'OP.json lists cases, OP.safetensors holds their arrays')
    .description("run our functions on published cases of ONNX's operators");
  jsonOption(command).action(async (folder: string, flags: { json?: boolean }) => {
    const { conformanceCommand } = await import('./conformance.js');
    if (!(await conformanceCommand(folder, flags, context.io))) context.finish(exitCode.failed);
  });
}
