import { isJsonObject, type JsonObject } from '#base/json.ts';
import type { Invocation, OptionSpec, PositionalSpec } from '../../kit/command.ts';
import { CommandFailure } from '../../kit/failure.ts';
import { administer } from '../administration.ts';
import { hubPath } from './hub-option.ts';

export const routingName = (what: string): PositionalSpec => ({
  name: 'NAME',
  isRequired: true,
  summary: `The ${what}: at most 64 letters, digits, dots, hyphens and underscores`,
});

export const toOption: OptionSpec = {
  name: 'to',
  value: 'NAME',
  isRepeatable: true,
  summary: 'A destination, or events for the hub’s own endpoint; may be given more than once, without it events',
};

export const conditionOption: OptionSpec = {
  name: 'condition',
  value: 'TEXT',
  summary: 'Which of them, for instance "$body.temperature > 30"; without it all',
};

/** Routes, enrichments, destinations and the fallback of the hub that `--hub` names. */
export function loadRouting(invocation: Pick<Invocation, 'options' | 'terminal'>): Promise<JsonObject> {
  return administer(invocation, { method: 'GET', path: hubPath(invocation, '/hub/routing') });
}

export function rowsOf(value: unknown): JsonObject[] {
  return Array.isArray(value) ? value.filter(isJsonObject) : [];
}

export function namesOf(value: unknown): string {
  return Array.isArray(value) ? value.join(', ') : '';
}

export type TestedMessage = { body?: string; appProperties?: Record<string, string>; systemProperties?: Record<string, string> };

/** What a condition says of a message. Throws CommandFailure that shows where one does not compile. */
export async function testCondition(
  invocation: Pick<Invocation, 'options' | 'terminal'>,
  condition: string,
  message: TestedMessage = {},
): Promise<JsonObject> {
  const json = { condition, message };
  const answer = await administer(invocation, { method: 'POST', path: hubPath(invocation, '/hub/routing/test'), json });
  const [error] = isJsonObject(answer.details) ? rowsOf(answer.details.compilationErrors) : [];
  if (!error) return answer;
  const { line, column } = placeOf(error.location);
  const shown = condition.split('\n')[line - 1] ?? '';
  throw new CommandFailure('usage', `The condition does not compile: ${error.message}`, {
    why: `Line ${line}, column ${column}:\n    ${shown}\n    ${' '.repeat(Math.max(0, column - 1))}^`,
  });
}

function placeOf(location: unknown): { line: number; column: number } {
  const start = isJsonObject(location as JsonObject) ? (location as JsonObject).start : undefined;
  if (!isJsonObject(start)) return { line: 1, column: 1 };
  return { line: Number(start.line), column: Number(start.column) };
}
