import type { Command } from '../../kit/command.ts';
import { administer } from '../administration.ts';

export const crlDeleteCommand: Command = {
  options: [{ name: 'id', value: 'ID', isRequired: true, summary: 'As homeport crl list prints it' }],
  examples: ['homeport crl delete --id 3f1c…'],
  notes: ['What the list named may come in again.'],
  async run(invocation) {
    const id = invocation.options.required('id');
    await administer(invocation, { method: 'DELETE', path: `/revocation-lists/${encodeURIComponent(id)}` });
    invocation.terminal.print('Deleted. What the list named may come in again.');
  },
};
