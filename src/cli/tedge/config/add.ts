import type { Command } from '../../kit/command.ts';
import { profileOption } from '../tedge-command.ts';
import { changeList } from './change-list.ts';
import { keyPositional, spellingNote } from './setting-of.ts';

export const configAddCommand: Command = {
  options: [profileOption],
  positionals: [keyPositional, { name: 'VALUE', isRequired: true, summary: 'The item; one that is there is not added twice' }],
  examples: ['tedge config add az.topics te/+/+/+/+/m/env'],
  notes: [spellingNote],
  run: (invocation) => changeList(invocation, 'add to', (items, item) => (items.includes(item) ? items : [...items, item])),
};
