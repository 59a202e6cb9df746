import { productVersion } from '#base/version.ts';
import type { Program } from '#cli/kit/command.ts';
import { commonOptions } from './azsphere-command.ts';

/** The `azsphere` command line of all generations in their newest words; spellings.ts knows the older ones. */
export const azsphere: Program = {
  name: 'azsphere',
  summary: 'Manage Azure Sphere tenants, certificates and devices at your own security service.',
  version: productVersion,
  commonOptions,
  ignoresCase: true,
  commands: [
    {
      path: 'login',
      summary: 'Sign in as the owner of the data directory',
      load: async () => (await import('./login.ts')).loginCommand,
    },
    { path: 'logout', summary: 'Forget the sign-in', load: async () => (await import('./logout.ts')).logoutCommand },
    { path: 'tenant list', summary: 'List tenants', load: async () => (await import('./tenant/list.ts')).tenantListCommand },
    {
      path: 'tenant show-selected',
      summary: 'Show the tenant that commands work on',
      load: async () => (await import('./tenant/show-selected.ts')).tenantShowSelectedCommand,
    },
    {
      path: 'tenant select',
      summary: 'Select the tenant that commands work on',
      load: async () => (await import('./tenant/select.ts')).tenantSelectCommand,
    },
    {
      path: 'ca-certificate list',
      summary: "List the tenant's CA certificates",
      load: async () => (await import('./ca-certificate/list.ts')).caCertificateListCommand,
    },
    {
      path: 'ca-certificate download',
      summary: "Download the tenant's CA certificate",
      load: async () => (await import('./ca-certificate/download.ts')).caCertificateDownloadCommand,
    },
    {
      path: 'ca-certificate download-chain',
      summary: 'Download the CA certificate with those above it',
      load: async () => (await import('./ca-certificate/download-chain.ts')).caCertificateDownloadChainCommand,
    },
    {
      path: 'ca-certificate download-proof',
      summary: 'Download a certificate that proves possession of the CA',
      load: async () => (await import('./ca-certificate/download-proof.ts')).caCertificateDownloadProofCommand,
    },
    {
      path: 'device claim',
      summary: 'Claim an attached device, permanently',
      load: async () => (await import('./device/claim.ts')).deviceClaimCommand,
    },
    {
      path: 'device list',
      summary: "List the tenant's devices",
      load: async () => (await import('./device/list.ts')).deviceListCommand,
    },
    { path: 'device show', summary: 'Show one device', load: async () => (await import('./device/show.ts')).deviceShowCommand },
    {
      path: 'device show-attached',
      summary: 'Show the attached device',
      load: async () => (await import('./device/show-attached.ts')).deviceShowAttachedCommand,
    },
    {
      path: 'device list-attached',
      summary: 'List attached devices',
      load: async () => (await import('./device/list-attached.ts')).deviceListAttachedCommand,
    },
    {
      path: 'show-version',
      summary: 'Show the version',
      load: async () => (await import('./show-version.ts')).showVersionCommand,
    },
  ],
};
