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
    for (const [name, value] of flatten(status, '')) terminal.print(`${name.padEnd(24)} ${value}`);
  },
};

function flatten(value: JsonObject, prefix: string): [string, string][] {
  return Object.entries(value).flatMap(([key, inner]: [string, Json]) =>
    isJsonObject(inner) ? flatten(inner, `${prefix}${key}.`) : [[`${prefix}${key}`, String(inner)] as [string, string]],
  );
}
