import type { CloudCertificate } from '#sphere/contract/cloud.ts';
import { azsphereCommand, tenantOption } from '../azsphere-command.ts';
import { requireTenant, signedIn } from '../signed-in.ts';

type Row = CloudCertificate & { index: number };

/** The tenant's certificates with the numbers that `--index` takes. */
export const caCertificateListCommand = azsphereCommand({
  options: [tenantOption],
  examples: ['azsphere ca-certificate list', 'azsphere ca-certificate list --output json'],
  async run(invocation) {
    const account = signedIn(invocation);
    const tenant = await requireTenant(invocation, account);
    const certificates = await account.client.listCertificates(tenant.Id);
    const rows = certificates.map((certificate, position) => ({ ...certificate, index: position + 1 }));
    invocation.voice.show({
      rows,
      columns: [
        { heading: 'Index', read: (row: Row) => String(row.index) },
        { heading: 'Thumbprint', read: (row: Row) => row.Thumbprint },
        { heading: 'Status', read: (row: Row) => row.Status },
        { heading: 'Start date', read: (row: Row) => row.NotBeforeUTC },
        { heading: 'End date', read: (row: Row) => row.ExpiryUTC },
      ],
      data: rows.map((row) => ({
        index: row.index,
        thumbprint: row.Thumbprint,
        serialNumber: row.SerialNumber,
        status: row.Status,
        startDate: row.NotBeforeUTC,
        endDate: row.ExpiryUTC,
        subject: row.Subject,
      })),
    });
  },
});
