import { CommandFailure } from '#cli/kit/failure.ts';
import { azsphereCommand } from '../azsphere-command.ts';
import { downloadFile, downloadNotes, downloadOptions } from './download-file.ts';

export const caCertificateDownloadProofCommand = azsphereCommand({
  writesFile: true,
  options: [
    {
      name: 'verification-code',
      short: 'v',
      value: 'CODE',
      isRequired: true,
      summary: 'The code that IoT Central, DPS or the hub shows',
    },
    ...downloadOptions,
  ],
  examples: [
    'azsphere ca-certificate download-proof --destination ValidationCertification.cer --verification-code CODE',
    'azsphere ca-certificate download-proof --output ValidationCertification.cer --verificationcode CODE',
  ],
  notes: downloadNotes,
  async run(invocation) {
    const code = invocation.options.required('verification-code').trim();
    if (!code) throw new CommandFailure('usage', 'The verification code is empty.');
    await downloadFile(invocation, {
      extension: '.cer',
      what: 'the proof of possession certificate',
      fetch: ({ client }, tenant, thumbprint) => client.downloadProof(tenant.Id, code, thumbprint),
    });
  },
});
