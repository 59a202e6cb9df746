import { isJsonObject, type Json, type JsonObject } from '#base/json.ts';
import type { Command } from '../kit/command.ts';
import { administer } from './administration.ts';
import { jsonOption } from './json-output.ts';

export const statusCommand: Command = {
  options: [
    jsonOption,
    { name: 'secrets', summary: 'Print credentials: connection strings, and an API token minted for 24 hours' },
  ],
  examples: ['homeport status', 'homeport status --json', 'homeport status --json --secrets'],
  async run(invocation) {
    const { options, terminal } = invocation;
    const status = await administer(invocation, {
      method: 'GET',
      path: `/status${options.isSet('secrets') ? '?secrets=true' : ''}`,
    });
    if (options.isSet('json')) return terminal.print(JSON.stringify(status, undefined, 2));
    const { health, ...facts } = status;
    for (const [name, value] of flatten(facts, '')) terminal.print(`${name.padEnd(24)} ${value}`);
    for (const line of describeHealth(health)) terminal.print(line);
  },
};

/** Last, so that it is what stays on the screen. */
export function describeHealth(health: Json | undefined): string[] {
  if (!isJsonObject(health)) return [];
  const concerns = Array.isArray(health.concerns) ? health.concerns.filter(isJsonObject) : [];
  return [
    `${'health'.padEnd(24)} ${health.state}`,
    ...concerns.flatMap(({ part, state, says, fix }) => [`  ${state}  ${part}: ${says}`, `    fix  ${fix}`]),
  ];
}

function flatten(value: JsonObject, prefix: string): [string, string][] {
  return Object.entries(value).flatMap(([key, inner]: [string, Json]) =>
    isJsonObject(inner) ? flatten(inner, `${prefix}${key}.`) : [[`${prefix}${key}`, String(inner)] as [string, string]],
  );
}
