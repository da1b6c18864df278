import type { Argument, Command, Option } from 'commander';
import { NO_VALUES, type Values, valuesOf } from './suggest.ts';

export type CompletedOption = {
  /** `--json`, `-o`: every spelling. */
  readonly names: readonly string[];
  readonly description: string;
  /** Null: it takes none. */
  readonly values: Values | null;
};

/** One command with what can follow it. */
export type CompletedCommand = {
  /** Its words without the name of the program; none for the program itself. */
  readonly words: readonly string[];
  readonly description: string;
  readonly options: readonly CompletedOption[];
  /** Names of the commands below it. */
  readonly commands: readonly { readonly name: string; readonly description: string }[];
  /** Of its first argument; all further ones are alike. */
  readonly argument: Values;
};

/** Every command of a program, the program first. */
export async function completedCommands(program: Command): Promise<readonly CompletedCommand[]> {
  return await walk(program, []);
}

async function walk(command: Command, words: readonly string[]): Promise<CompletedCommand[]> {
  // A hidden command is for those who know it.
  const children = command
    .createHelp()
    .visibleCommands(command)
    .filter((each) => each.name() !== 'help');
  const options = command.createHelp().visibleOptions(command);
  const own: CompletedCommand = {
    words,
    description: command.description(),
    options: await Promise.all(options.map(completedOption)),
    commands: children.map((child) => ({ name: child.name(), description: child.description() })),
    argument: argumentValues(command.registeredArguments[0]),
  };
  const below = await Promise.all(children.map((child) => walk(child, [...words, child.name()])));
  return [own, ...below.flat()];
}

async function completedOption(option: Option): Promise<CompletedOption> {
  const names = [option.long, option.short].filter((name) => typeof name === 'string');
  const takesValue = option.required || option.optional;
  return { names, description: option.description, values: takesValue ? await valuesOf(option) : null };
}

/** A path is the only argument that a shell knows something about, beside fixed choices. */
function argumentValues(argument: Argument | undefined): Values {
  if (argument === undefined) return NO_VALUES;
  if (argument.argChoices !== undefined) return { kind: 'words', words: argument.argChoices };
  return argument.name() === 'file' ? { kind: 'files' } : NO_VALUES;
}
