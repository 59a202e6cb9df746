import { isJsonObject, type JsonObject } from '#base/json.ts';
import type { Command } from '../kit/command.ts';
import { CommandFailure } from '../kit/failure.ts';
import { administer } from './administration.ts';
import { describeSpan } from './clock/print-clock.ts';
import { jsonOption } from './json-output.ts';

export const refusalsShowCommand: Command = {
  options: [jsonOption],
  positionals: [{ name: 'ID', isRequired: true, summary: 'As homeport refusals prints it' }],
  examples: [
    'homeport refusals show 9f86d081884c7d65',
    'homeport refusals show 9f86d081884c7d65 --json',
    'homeport refusals --subject dev1 --limit 1',
  ],
  async run(invocation) {
    const { options, terminal, positionals } = invocation;
    const [id = ''] = positionals;
    if (!/^[0-9a-f]{16}$/.test(id)) {
      throw new CommandFailure('usage', `${id.slice(0, 40)} is no id of a refusal.`, {
        why: 'An id has 16 hexadecimal digits.',
        fix: 'homeport refusals',
      });
    }
    const refusal = await administer(invocation, { method: 'GET', path: `/refusals/${id}` });
    if (options.isSet('json')) return terminal.print(JSON.stringify(refusal, undefined, 2));
    for (const line of describeWhole(refusal)) terminal.print(line);
  },
};

/** Whose certificate a link is. */
const roleWords: Readonly<Record<string, string>> = {
  device: 'the device’s own',
  sent: 'sent along',
  'verified-ca': 'verified CA',
  'unverified-ca': 'CA that was uploaded and not verified',
  absent: 'not there',
};

function describeWhole(refusal: JsonObject): string[] {
  const { service, reason, subject, peer, means, detail, fix, times, firstAt, lastAt } = refusal;
  return [
    `${lastAt}  ${service}  ${reason}`,
    `  who      ${subject} from ${peer}, ${times === 1 ? 'once' : `${times} times since ${firstAt}`}`,
    `  why      ${detail}`,
    ...(means ? [`  means    ${means}`] : []),
    ...(fix ? [`  fix      ${fix}`] : []),
    ...nearestLines(refusal),
    ...clockLines(refusal),
    ...chainLines(refusal),
    '',
    'What was checked, in this order:',
    ...objects(refusal.trace).map(
      (step) => `  ${step.passed === true ? 'passed' : 'FAILED'}  ${step.check}${step.detail ? `: ${step.detail}` : ''}`,
    ),
  ];
}

function nearestLines({ nearest }: JsonObject): string[] {
  if (nearest === undefined) return [];
  const found = objects(nearest);
  if (found.length === 0) return ['  nearest  Nothing here is almost what was asked for.'];
  return found.map(({ kind, name, detail }, index) => `  ${index === 0 ? 'nearest' : '       '}  ${kind} ${name}: ${detail}`);
}

function clockLines({ at, clockMovedMs }: JsonObject): string[] {
  if (typeof at !== 'string') return [];
  const moved = typeof clockMovedMs === 'number' ? `, on a clock that was ahead by ${describeSpan(clockMovedMs)}` : '';
  return [`  clock    ${at}${moved}`];
}

function chainLines({ chain, reason }: JsonObject): string[] {
  const links = objects(chain);
  if (links.length === 0) return [];
  return [
    '',
    'The chain, leaf first:',
    ...links.flatMap((link, depth) => [
      `  ${depth}  ${link.subject}  (${roleWords[String(link.role)] ?? link.role})`,
      ...(link.sha1Thumbprint ? [`     SHA-1 ${link.sha1Thumbprint}, from ${link.notBefore} until ${link.notAfter}`] : []),
      ...objects(link.faults).map((fault) =>
        fault.reason === reason
          ? `     FAILED ${fault.reason}: ${fault.detail}`
          : `     and then ${fault.reason}: ${fault.detail}`,
      ),
    ]),
  ];
}

function objects(value: JsonObject[string] | undefined): JsonObject[] {
  return Array.isArray(value) ? value.filter(isJsonObject) : [];
}
