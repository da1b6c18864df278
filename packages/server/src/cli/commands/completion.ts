import { Argument, Command } from 'commander';
import { completionScript, SHELLS, type Shell } from '../completion/scripts.ts';
import { completedCommands } from '../completion/tree.ts';
import type { Io } from '../io.ts';

export function completionCommand(io: Io, program: Command): Command {
  return new Command('completion')
    .description('print a script that completes commands, options and their values in your shell')
    .addArgument(new Argument('<shell>', 'which').choices(SHELLS))
    .addHelpText(
      'after',
      `
It completes the command "hookring", so the package must be installed for this user or the machine.

bash, in ~/.bashrc:
  source <(hookring completion bash)
zsh, in ~/.zshrc behind compinit:
  source <(hookring completion zsh)
fish, once:
  hookring completion fish > ~/.config/fish/completions/hookring.fish`,
    )
    .action(async (shell: Shell) => {
      io.stdout.write(completionScript(shell, await completedCommands(program)));
    });
}
