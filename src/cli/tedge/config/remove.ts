import type { Command } from '../../kit/command.ts';
import { profileOption } from '../tedge-command.ts';
import { changeList } from './change-list.ts';
import { keyPositional, spellingNote } from './setting-of.ts';

export const configRemoveCommand: Command = {
  options: [profileOption],
  positionals: [keyPositional, { name: 'VALUE', isRequired: true, summary: 'The item; one that is not there is passed over' }],
  examples: ['tedge config remove az.topics te/+/+/+/+/a/+'],
  notes: [spellingNote],
  run: (invocation) => changeList(invocation, 'remove from', (items, item) => items.filter((other) => other !== item)),
};
