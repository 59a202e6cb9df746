import type { Command } from '../../kit/command.ts';
import { administer } from '../administration.ts';
import { fileBody, nameOption, pathOption } from './certificate-file.ts';
import { hubOption, hubPath } from './hub-option.ts';

export const certificateUploadCommand: Command = {
  options: [nameOption, pathOption, hubOption],
  examples: ['homeport hub certificate upload --name tenant --path CAcertificate.cer'],
  async run(invocation) {
    const name = invocation.options.required('name');
    const certificate = await administer(invocation, {
      method: 'PUT',
      path: hubPath(invocation, `/hub/certificates/${encodeURIComponent(name)}`),
      json: fileBody(invocation),
    });
    invocation.terminal.print(`Uploaded ${name}, unverified: ${certificate.subject}, thumbprint ${certificate.sha1Thumbprint}.`);
  },
};
