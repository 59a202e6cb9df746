import type { Command } from '../../kit/command.ts';
import { administer } from '../administration.ts';
import { jsonOption } from '../json-output.ts';
import { hubOption, hubPath } from './hub-option.ts';
import { namesOf, toOption } from './routing-options.ts';

export const enrichmentSetCommand: Command = {
  options: [toOption, hubOption, jsonOption],
  positionals: [
    { name: 'KEY', isRequired: true, summary: 'What the property is called' },
    {
      name: 'VALUE',
      isRequired: true,
      summary: 'A text, $iothubname, $twin.tags.…, $twin.properties.desired.… or $twin.properties.reported.…',
    },
  ],
  examples: [
    'homeport hub enrichment set plant north',
    "homeport hub enrichment set site '$twin.tags.site' --to events --to alarm",
  ],
  notes: ['Added to events on their way to these destinations. Where the twin has no such value, the text itself is added.'],
  async run({ positionals, ...invocation }) {
    const { options, terminal } = invocation;
    const [key = '', value = ''] = positionals;
    const to = options.list('to');
    const path = hubPath(invocation, `/hub/routing/enrichments/${encodeURIComponent(key)}`);
    const json = { value, endpointNames: to.length === 0 ? ['events'] : to };
    const saved = await administer(invocation, { method: 'PUT', path, json });
    if (options.isSet('json')) return terminal.print(JSON.stringify(saved, undefined, 2));
    terminal.print(`${saved.key} = ${saved.value} for ${namesOf(saved.endpointNames)}.`);
  },
};
