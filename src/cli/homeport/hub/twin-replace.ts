import type { Command } from '../../kit/command.ts';
import { changeTwin, twinOptions } from './twin-update.ts';

export const twinReplaceCommand: Command = {
  options: twinOptions,
  examples: [
    `homeport hub twin replace -d dev1 --desired '{"interval":30}' --tags '{"site":"hamburg"}'`,
    'homeport hub twin replace -d dev1 --desired @desired.json --tags @tags.json',
  ],
  notes: ['Desired properties and tags that are not named are gone afterwards. What the device reported stays.'],
  run: (invocation) => changeTwin(invocation, 'PUT', 'Replaced'),
};
