import { azsphereCommand } from '../azsphere-command.ts';
import { downloadFile, downloadNotes, downloadOptions } from './download-file.ts';

export const caCertificateDownloadChainCommand = azsphereCommand({
  writesFile: true,
  options: downloadOptions,
  examples: [
    'azsphere ca-certificate download-chain --destination CAcertificateChain.p7b',
    'azsphere ca-certificate download-chain --output CAcertificateChain.p7b',
  ],
  notes: downloadNotes,
  run: (invocation) =>
    downloadFile(invocation, {
      extension: '.p7b',
      what: 'the CA certificate chain',
      fetch: ({ client }, tenant, thumbprint) => client.downloadChain(tenant.Id, thumbprint),
    }),
});
