import { isJsonObject, type JsonObject } from '#base/json.ts';
import type { Command } from '../kit/command.ts';
import { administer } from './administration.ts';
import { jsonOption } from './json-output.ts';

export const refusalsCommand: Command = {
  options: [
    jsonOption,
    { name: 'service', value: 'NAME', summary: 'Only hub, provisioning, sphere or central' },
    { name: 'subject', value: 'ID', summary: 'Only this device, registration or certificate' },
    { name: 'hub', value: 'NAME', summary: 'Only what this hub refused' },
    { name: 'limit', value: 'N', summary: 'At most N, newest first (default 20)' },
  ],
  examples: ['homeport refusals', 'homeport refusals --subject dev1', 'homeport refusals --service provisioning --json'],
  notes: ['Why one was refused, with its chain and what comes nearest: homeport refusals show ID'],
  async run(invocation) {
    const { options, terminal } = invocation;
    const query = new URLSearchParams({ limit: String(options.number('limit', { min: 1, max: 1000, isInteger: true }) ?? 20) });
    for (const name of ['service', 'subject', 'hub']) {
      const value = options.text(name);
      if (value !== undefined) query.set(name, value);
    }
    const { value } = await administer(invocation, { method: 'GET', path: `/refusals?${query}` });
    const refusals = Array.isArray(value) ? value.filter(isJsonObject) : [];
    if (options.isSet('json')) return terminal.print(JSON.stringify(refusals, undefined, 2));
    if (refusals.length === 0) return terminal.complain('Nobody was refused.');
    for (const refusal of refusals) for (const line of describe(refusal)) terminal.print(line);
  },
};

function describe(refusal: JsonObject): string[] {
  const times = refusal.times === 1 ? '' : `, ${refusal.times} times since ${refusal.firstAt}`;
  const steps = Array.isArray(refusal.trace) ? refusal.trace.filter(isJsonObject) : [];
  return [
    `${refusal.lastAt}  ${refusal.service}  ${refusal.reason}${times}`,
    `  id     ${refusal.id}`,
    `  who    ${refusal.subject} from ${refusal.peer}`,
    `  why    ${refusal.detail}`,
    ...steps.map(
      (step) => `  ${step.passed === true ? 'passed' : 'FAILED'} ${step.check}${step.detail ? `: ${step.detail}` : ''}`,
    ),
    ...(refusal.fix ? [`  fix    ${refusal.fix}`] : []),
    '',
  ];
}
