import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { isJsonObject, type Json, type JsonObject, parseJson } from '#base/json.ts';
import { Problem } from '#base/problem.ts';
import type { Invocation } from '../../kit/command.ts';
import { CommandFailure } from '../../kit/failure.ts';

/** A value of JSON that an option holds, or with `@` names a file of; undefined without the option. */
export function jsonValueOf({ options, terminal }: Pick<Invocation, 'options' | 'terminal'>, name: string): Json | undefined {
  const text = options.text(name);
  if (text === undefined) return undefined;
  try {
    return parseJson(text.startsWith('@') ? readFileSync(resolve(terminal.workingDirectory, text.slice(1))) : text);
  } catch (cause) {
    const why = cause instanceof Problem || cause instanceof Error ? cause.message : String(cause);
    throw new CommandFailure('usage', `--${name} got '${text.slice(0, 80)}'.`, {
      why: `${why} It takes JSON, or a file of it: --${name} '{"a":1}', --${name} @file.json`,
      cause,
    });
  }
}

export function jsonObjectOf(invocation: Pick<Invocation, 'options' | 'terminal'>, name: string): JsonObject | undefined {
  const value = jsonValueOf(invocation, name);
  if (value === undefined || isJsonObject(value)) return value;
  throw new CommandFailure('usage', `--${name} is no JSON object.`, { why: `For instance --${name} '{"interval":30}'` });
}
