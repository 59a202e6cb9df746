import type { Platform } from '#base/platform.ts';
import type { Options } from './parse-arguments.ts';
import type { Terminal } from './terminal.ts';

/** One option as data. Without `value` it is a flag. */
export type OptionSpec = {
  /** Long name without dashes: `verification-code`. */
  readonly name: string;
  /** One letter, without its dash. */
  readonly short?: string;
  /** What stands for the value in help: `FILE`. */
  readonly value?: string;
  readonly isRequired?: boolean;
  /** May be given more than once; the values are kept in order. */
  readonly isRepeatable?: boolean;
  readonly summary: string;
};

export type PositionalSpec = { readonly name: string; readonly isRequired: boolean; readonly summary: string };

/** What a command gets to work with. */
export type Invocation = {
  readonly options: Options;
  readonly positionals: readonly string[];
  readonly terminal: Terminal;
  readonly platform: Platform;
};

/** A command as data: help, the reference page and the parser read the same object. */
export type Command = {
  readonly options: readonly OptionSpec[];
  readonly positionals?: readonly PositionalSpec[];
  readonly examples: readonly string[];
  /** Lines below the options in help: which spellings are accepted, what is remembered where. */
  readonly notes?: readonly string[];
  /** Resolves when the work is done; throws CommandFailure when it cannot be. */
  run(invocation: Invocation): Promise<void>;
};

/** A command's place in a program. Loaded by name, so that starting one command reads one command's files. */
export type CommandEntry = {
  /** Words separated by single spaces: `ca-certificate download`. */
  readonly path: string;
  readonly summary: string;
  load(): Promise<Command>;
};

export type Program = {
  readonly name: string;
  readonly summary: string;
  readonly version: string;
  readonly commands: readonly CommandEntry[];
  /** Accepted by every command. `--help` and `--debug` are always there. */
  readonly commonOptions: readonly OptionSpec[];
  /** Whether `Tenant LIST --OutPut` means `tenant list --output` (sphere.md 4.2). */
  readonly ignoresCase: boolean;
};

/** `--help` and `--debug`, which every program has. */
export const universalOptions: readonly OptionSpec[] = [
  { name: 'help', short: 'h', summary: 'Show this help' },
  { name: 'debug', summary: 'Show the stack of a failure' },
];
