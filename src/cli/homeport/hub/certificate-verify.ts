import type { Command } from '../../kit/command.ts';
import { administer } from '../administration.ts';
import { fileBody, nameOption, pathOption } from './certificate-file.ts';

export const certificateVerifyCommand: Command = {
  options: [nameOption, pathOption],
  examples: ['homeport hub certificate verify --name tenant --path ValidationCertification.cer'],
  async run(invocation) {
    const name = invocation.options.required('name');
    await administer(invocation, {
      method: 'POST',
      path: `/hub/certificates/${encodeURIComponent(name)}/verify`,
      json: fileBody(invocation),
    });
    invocation.terminal.print(`${name} is Verified.`);
  },
};
