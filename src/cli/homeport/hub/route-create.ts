import type { Command } from '../../kit/command.ts';
import { administer } from '../administration.ts';
import { jsonOption } from '../json-output.ts';
import { hubOption, hubPath } from './hub-option.ts';
import { conditionOption, namesOf, routingName, testCondition, toOption } from './routing-options.ts';

export const routeCreateCommand: Command = {
  options: [
    {
      name: 'source',
      value: 'SOURCE',
      summary:
        'DeviceMessages, TwinChangeEvents, DeviceLifecycleEvents, DeviceConnectionStateEvents, DigitalTwinChangeEvents or DeviceJobLifecycleEvents; without it DeviceMessages',
    },
    conditionOption,
    toOption,
    { name: 'disabled', summary: 'Keep it, and let it take nothing' },
    hubOption,
    jsonOption,
  ],
  positionals: [routingName('route')],
  examples: [
    'homeport hub route create twins --source TwinChangeEvents',
    'homeport hub route create hot --condition "$body.temperature > 30" --to alarm',
    'homeport hub route create storage --condition "level = \'storage\'" --to cold --to events',
  ],
  notes: ['A route of that name is changed. Telemetry that no route takes goes to events, unless the fallback is off.'],
  async run({ positionals, ...invocation }) {
    const { options, terminal } = invocation;
    const [name = ''] = positionals;
    const condition = options.text('condition') ?? '';
    await testCondition(invocation, condition);
    const to = options.list('to');
    const route = await administer(invocation, {
      method: 'PUT',
      path: hubPath(invocation, `/hub/routing/routes/${encodeURIComponent(name)}`),
      json: {
        source: options.text('source') ?? 'DeviceMessages',
        condition,
        endpointNames: to.length === 0 ? ['events'] : to,
        isEnabled: !options.isSet('disabled'),
      },
    });
    if (options.isSet('json')) return terminal.print(JSON.stringify(route, undefined, 2));
    terminal.print(`${route.name}: ${route.source} to ${namesOf(route.endpointNames)}.`);
  },
};
