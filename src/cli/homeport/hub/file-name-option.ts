import type { OptionSpec } from '../../kit/command.ts';

export const fileNameOption: OptionSpec = {
  name: 'name',
  short: 'n',
  value: 'NAME',
  isRequired: true,
  summary: 'The file’s name, letter for letter; it begins with the device id',
};
