import type { Command } from '../../kit/command.ts';
import { administer } from '../administration.ts';
import { caOption } from './follow.ts';

export const crlUnfollowCommand: Command = {
  options: [caOption],
  examples: ['homeport crl unfollow --ca 3B0F…'],
  async run(invocation) {
    const path = `/revocation-sources/${encodeURIComponent(invocation.options.required('ca'))}`;
    await administer(invocation, { method: 'DELETE', path });
    invocation.terminal.print('Its list is fetched no more. The one that is there counts until it is replaced or deleted.');
  },
};
