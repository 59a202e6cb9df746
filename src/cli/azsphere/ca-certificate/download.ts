import { azsphereCommand } from '../azsphere-command.ts';
import { downloadFile, downloadNotes, downloadOptions } from './download-file.ts';

export const caCertificateDownloadCommand = azsphereCommand({
  writesFile: true,
  options: downloadOptions,
  examples: [
    'azsphere ca-certificate download --destination CAcertificate.cer',
    'azsphere ca-certificate download --output CAcertificate.cer',
    'azsphere ca-certificate download --index 2 --destination next.cer --force',
  ],
  notes: downloadNotes,
  run: (invocation) =>
    downloadFile(invocation, {
      extension: '.cer',
      what: 'the CA certificate',
      fetch: ({ client }, tenant, thumbprint) => client.downloadCertificate(tenant.Id, thumbprint),
    }),
});
