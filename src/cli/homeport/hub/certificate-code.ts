import type { Command } from '../../kit/command.ts';
import { administer } from '../administration.ts';
import { nameOption } from './certificate-file.ts';
import { hubOption, hubPath } from './hub-option.ts';

export const certificateCodeCommand: Command = {
  options: [nameOption, hubOption],
  examples: ['homeport hub certificate code --name tenant'],
  notes: ['A new code voids the one before. It lives seven days.'],
  async run(invocation) {
    const name = invocation.options.required('name');
    const certificate = await administer(invocation, {
      method: 'POST',
      path: hubPath(invocation, `/hub/certificates/${encodeURIComponent(name)}/generateVerificationCode`),
    });
    invocation.terminal.print(String(certificate.verificationCode));
  },
};
