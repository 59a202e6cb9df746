import type { Command } from '../../kit/command.ts';
import { administer } from '../administration.ts';
import { fileBody, nameOption, pathOption } from './certificate-file.ts';
import { hubOption, hubPath } from './hub-option.ts';

export const certificateVerifyCommand: Command = {
  options: [nameOption, pathOption, hubOption],
  examples: ['homeport hub certificate verify --name tenant --path ValidationCertification.cer'],
  async run(invocation) {
    const name = invocation.options.required('name');
    await administer(invocation, {
      method: 'POST',
      path: hubPath(invocation, `/hub/certificates/${encodeURIComponent(name)}/verify`),
      json: fileBody(invocation),
    });
    invocation.terminal.print(`${name} is Verified.`);
  },
};
