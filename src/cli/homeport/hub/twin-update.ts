import type { JsonObject } from '#base/json.ts';
import type { Command, Invocation, OptionSpec } from '../../kit/command.ts';
import { CommandFailure } from '../../kit/failure.ts';
import { formatJson, jsonOption } from '../json-output.ts';
import { askHubForObject } from './ask-hub.ts';
import { hubOption } from './hub-option.ts';
import { deviceIdOption, identityName, identityPath, moduleIdOption } from './identity-options.ts';
import { jsonObjectOf } from './json-value.ts';

export const sectionOptions: readonly OptionSpec[] = [
  { name: 'desired', value: 'JSON', summary: 'Desired properties: an object, or @FILE' },
  { name: 'tags', value: 'JSON', summary: 'Tags: an object, or @FILE' },
];

export const twinOptions: readonly OptionSpec[] = [
  deviceIdOption,
  moduleIdOption,
  ...sectionOptions,
  { name: 'etag', value: 'ETAG', summary: 'Only if the twin still has this etag' },
  hubOption,
  jsonOption,
];

export const twinUpdateCommand: Command = {
  options: twinOptions,
  examples: [
    `homeport hub twin update -d dev1 --desired '{"interval":30}'`,
    `homeport hub twin update -d dev1 --tags '{"site":"hamburg","old":null}'`,
    'homeport hub twin update -d dev1 -m filter --desired @filter.json',
  ],
  notes: ['What is named is merged into the twin; null removes.'],
  run: (invocation) => changeTwin(invocation, 'PATCH', 'Updated'),
};

/** Sends what `--desired` and `--tags` hold. */
export async function changeTwin(invocation: Invocation, method: 'PATCH' | 'PUT', done: string): Promise<void> {
  const { options, terminal } = invocation;
  const moduleId = options.text('module-id');
  const sections = sectionsOf(invocation);
  if (sections === undefined) {
    throw new CommandFailure('usage', 'Nothing to change was named.', {
      fix: `homeport hub twin update -d ${identityName(invocation)} --desired '{"interval":30}'`,
    });
  }
  const etag = options.text('etag');
  const twin = await askHubForObject(invocation, {
    method,
    path: identityPath(invocation, 'twins', moduleId),
    headers: { 'if-match': etag === undefined ? '"*"' : `"${etag.replaceAll('"', '')}"` },
    json: sections,
  });
  if (options.isSet('json')) return terminal.print(formatJson(twin));
  terminal.print(`${done} the twin of ${identityName(invocation, moduleId)}; it has version ${twin.version}.`);
}

/** The sections that were named, as the hub's REST takes them; undefined for none. */
export function sectionsOf(invocation: Pick<Invocation, 'options' | 'terminal'>): JsonObject | undefined {
  const desired = jsonObjectOf(invocation, 'desired');
  const tags = jsonObjectOf(invocation, 'tags');
  if (desired === undefined && tags === undefined) return undefined;
  return { ...(tags && { tags }), ...(desired && { properties: { desired } }) };
}
