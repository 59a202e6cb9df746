import type { Command } from '../kit/command.ts';
import { administer } from './administration.ts';
import { jsonOption } from './json-output.ts';

export const signInCommand: Command = {
  options: [jsonOption],
  examples: ['homeport sign-in', 'homeport sign-in --json'],
  notes: ['The link works once and for ten minutes. Whoever opens it is signed in as Administrator.'],
  async run(invocation) {
    const link = await administer(invocation, { method: 'POST', path: '/sign-in-links' });
    invocation.terminal.print(invocation.options.isSet('json') ? JSON.stringify(link, undefined, 2) : String(link.url));
  },
};
