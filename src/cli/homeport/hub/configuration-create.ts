import { isJsonObject, type JsonObject } from '#base/json.ts';
import type { Command, Invocation } from '../../kit/command.ts';
import { CommandFailure } from '../../kit/failure.ts';
import { formatJson, jsonOption } from '../json-output.ts';
import { askHubForObject } from './ask-hub.ts';
import { configurationIdOption, configurationPath } from './configuration-lines.ts';
import { hubOption } from './hub-option.ts';
import { jsonObjectOf } from './json-value.ts';

/** What may be said when one is made and changed later. */
export const configurationOptions = [
  { name: 'target-condition', short: 't', value: 'QUERY', summary: 'For whom: what stands behind WHERE, or * for all' },
  { name: 'priority', short: 'p', value: 'N', summary: 'Of several that are meant for one, the highest holds' },
  { name: 'labels', value: 'JSON', summary: 'An object of texts, or @FILE' },
  { name: 'metrics', value: 'JSON', summary: 'Queries by name, whose rows are counted, or @FILE' },
] as const;

export const configurationCreateCommand: Command = {
  options: [
    configurationIdOption,
    { name: 'content', value: 'JSON', isRequired: true, summary: 'deviceContent, moduleContent or modulesContent, or @FILE' },
    ...configurationOptions,
    hubOption,
    jsonOption,
  ],
  examples: [
    `homeport hub configuration create -c winter --target-condition "tags.site='north'" --priority 10 --content '{"deviceContent":{"properties.desired.mode":"eco"}}'`,
    'homeport hub configuration create -c edge-1 -t "tags.line=1" --content @deployment.json',
    `homeport hub configuration create -c counted -t '*' --content @winter.json --metrics '{"done":"SELECT deviceId FROM devices WHERE properties.reported.mode = '"'eco'"'"}'`,
  ],
  notes: ['The content stays as it was made. Everything else: homeport hub configuration update'],
  async run(invocation) {
    const { options, terminal } = invocation;
    const id = options.required('config-id');
    const given = jsonObjectOf(invocation, 'content') ?? {};
    // The command line of the cloud takes both the content and a document that holds it.
    const content = isJsonObject(given.content) ? given.content : given;
    const json = { id, schemaVersion: '1.0', content, ...configurationChangeOf(invocation) };
    const made = await askHubForObject(invocation, { method: 'PUT', path: configurationPath(id), json });
    if (options.isSet('json')) return terminal.print(formatJson(made));
    terminal.print(`Created the configuration ${id}.`);
  },
};

export function configurationChangeOf(invocation: Pick<Invocation, 'options' | 'terminal'>): JsonObject {
  const { options } = invocation;
  const priority = options.number('priority', { min: 0, max: 2 ** 31 - 1, isInteger: true });
  const condition = options.text('target-condition');
  const labels = jsonObjectOf(invocation, 'labels');
  const queries = jsonObjectOf(invocation, 'metrics');
  for (const [name, texts] of Object.entries({ labels, metrics: queries })) {
    if (texts && !Object.values(texts).every((text) => typeof text === 'string')) {
      throw new CommandFailure('usage', `--${name} has a value that is no text.`);
    }
  }
  return {
    ...(condition === undefined ? {} : { targetCondition: condition }),
    ...(priority === undefined ? {} : { priority }),
    ...(labels === undefined ? {} : { labels }),
    ...(queries === undefined ? {} : { metrics: { queries } }),
  };
}
