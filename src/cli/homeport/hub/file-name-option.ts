import type { Invocation, OptionSpec } from '../../kit/command.ts';

export const fileNameOption: OptionSpec = {
  name: 'name',
  short: 'n',
  value: 'NAME',
  isRequired: true,
  summary: 'The file’s name, letter for letter; it begins with the device id',
};

export const eventsOption: OptionSpec = { name: 'events', summary: 'Files of routed events, and not those of devices' };

/** Whose files are meant. */
export function filesOf({ options }: Pick<Invocation, 'options'>): Record<string, string> {
  return options.isSet('events') ? { of: 'events' } : {};
}
