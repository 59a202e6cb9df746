import { assert } from '#base/assert.ts';
import { nearestName } from '#base/nearest-name.ts';
import type { OptionSpec, PositionalSpec } from './command.ts';
import { CommandFailure } from './failure.ts';

/** Parsed options. Asking for one that the command did not declare is a bug. */
export class Options {
  readonly #specs: ReadonlyMap<string, OptionSpec>;
  readonly #values: ReadonlyMap<string, readonly string[]>;

  constructor(specs: readonly OptionSpec[], values: ReadonlyMap<string, readonly string[]>) {
    this.#specs = new Map(specs.map((spec) => [spec.name, spec]));
    this.#values = values;
  }

  isSet(name: string): boolean {
    return this.list(name).length > 0;
  }

  text(name: string): string | undefined {
    return this.list(name)[0];
  }

  /** The value of an option that the command declared as required. */
  required(name: string): string {
    const value = this.text(name);
    assert(value !== undefined, `--${name} is not declared as required`);
    return value;
  }

  /** The value as a number, or a usage failure naming what is allowed. */
  number(name: string, range: { min: number; max: number; isInteger?: boolean }): number | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const value = /^[+-]?\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
    if (value >= range.min && value <= range.max && (!range.isInteger || Number.isInteger(value))) return value;
    const kind = range.isInteger ? 'a whole number' : 'a number';
    throw new CommandFailure('usage', `--${name} got '${text}'.`, { why: `It takes ${kind} from ${range.min} to ${range.max}.` });
  }

  list(name: string): readonly string[] {
    assert(this.#specs.has(name), `option --${name} is not declared`);
    return this.#values.get(name) ?? [];
  }
}

export type ArgumentRules = {
  readonly options: readonly OptionSpec[];
  readonly positionals: readonly PositionalSpec[];
  readonly ignoresCase: boolean;
};

export type ParsedArguments = { options: Options; positionals: readonly string[]; missing: readonly string[] };

/**
 * Reads what follows a command's name: `--name value`, `--name=value`, `-n value`, `-nvalue`, flags
 * bundled as `-ab`, and `--` before values that begin with a dash. Throws a usage failure that names
 * the nearest known option. Required things that are absent are listed in `missing`, so that `--help`
 * needs none of them.
 */
export function parseArguments(words: readonly string[], rules: ArgumentRules): ParsedArguments {
  const values = new Map<string, string[]>();
  const positionals: string[] = [];
  const queue = [...words];
  for (let word = queue.shift(); word !== undefined; word = queue.shift()) {
    if (word === '--') {
      positionals.push(...queue.splice(0));
    } else if (word.startsWith('--')) readLong(word.slice(2), queue, rules, values);
    else if (word.length > 1 && word.startsWith('-') && !/^-\d/.test(word)) readShort(word.slice(1), queue, rules, values);
    else positionals.push(word);
  }
  if (positionals.length > rules.positionals.length) {
    throw new CommandFailure('usage', `'${positionals[rules.positionals.length]}' is one argument too many.`);
  }
  const missing = [
    ...rules.options.filter((spec) => spec.isRequired && !values.has(spec.name)).map((spec) => `--${spec.name}`),
    ...rules.positionals.slice(positionals.length).flatMap((spec) => (spec.isRequired ? [spec.name] : [])),
  ];
  return { options: new Options(rules.options, values), positionals, missing };
}

function readLong(text: string, queue: string[], rules: ArgumentRules, values: Map<string, string[]>): void {
  const equals = text.indexOf('=');
  const given = equals < 0 ? text : text.slice(0, equals);
  const name = rules.ignoresCase ? given.toLowerCase() : given;
  const spec = rules.options.find((option) => option.name === name);
  if (!spec) throw unknownOption(`--${given}`, rules);
  const attached = equals < 0 ? undefined : text.slice(equals + 1);
  if (spec.value === undefined) {
    if (attached !== undefined) throw new CommandFailure('usage', `--${spec.name} takes no value.`);
    keep(spec, 'true', values);
  } else keep(spec, attached ?? takeValue(spec, queue), values);
}

function readShort(text: string, queue: string[], rules: ArgumentRules, values: Map<string, string[]>): void {
  for (let index = 0; index < text.length; index++) {
    const letter = text[index];
    const spec = rules.options.find((option) => option.short === letter);
    if (!spec) throw unknownOption(`-${letter}`, rules);
    if (spec.value === undefined) keep(spec, 'true', values);
    else {
      const attached = text.slice(index + 1).replace(/^=/, '');
      keep(spec, attached || takeValue(spec, queue), values);
      return;
    }
  }
}

/** A following option is not a value: `--output --force` is a forgotten file name, not a file named `--force`. */
function takeValue(spec: OptionSpec, queue: string[]): string {
  const value = queue.shift();
  if (value !== undefined && (!value.startsWith('-') || /^-\d|^-$/.test(value))) return value;
  throw new CommandFailure('usage', `--${spec.name} needs a value: --${spec.name} ${spec.value}.`);
}

function keep(spec: OptionSpec, value: string, values: Map<string, string[]>): void {
  const present = values.get(spec.name);
  if (present && !spec.isRepeatable && spec.value !== undefined) {
    throw new CommandFailure('usage', `--${spec.name} was given twice.`);
  }
  if (present && spec.isRepeatable) present.push(value);
  else values.set(spec.name, [value]);
}

function unknownOption(given: string, rules: ArgumentRules): CommandFailure {
  const nearest = nearestName(
    given.replace(/^-+/, ''),
    rules.options.map((option) => option.name),
  );
  return new CommandFailure('usage', `There is no option ${given}.`, nearest ? { fix: `Did you mean --${nearest}?` } : {});
}
