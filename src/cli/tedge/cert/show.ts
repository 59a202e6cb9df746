import { resolve } from 'node:path';
import { certificatePaths, pendingCertificatePath } from '#edge/certificate/certificate-paths.ts';
import { formatModernLines, formatSeedLines } from '#edge/certificate/format-certificate.ts';
import { requireCertificate } from '#edge/certificate/read-certificate.ts';
import type { Command } from '../../kit/command.ts';
import { CommandFailure } from '../../kit/failure.ts';
import { durationOf } from '../duration-of.ts';
import { cloudOf, cloudPositional, openSettings, profileOption } from '../tedge-command.ts';
import { attempt } from '../tedge-failure.ts';

export const certShowCommand: Command = {
  options: [
    { name: 'cert-path', value: 'FILE', summary: 'Another certificate than the device’s' },
    { name: 'new', summary: 'The renewed certificate that the next connect adopts' },
    { name: 'format', value: 'LAYOUT', summary: 'seed (six lines) or modern (eight); without it cert.show.format' },
    profileOption,
  ],
  positionals: [cloudPositional],
  examples: ['tedge cert show', 'tedge cert show --format modern', 'tedge cert show --cert-path /tmp/chain.pem'],
  notes: ['The thumbprint is the SHA-1 of the DER; a hub stores it for devices that sign their own certificate.'],
  async run(invocation) {
    const { options, positionals, terminal, platform } = invocation;
    const cloud = cloudOf(positionals[0]);
    const chosen = options.text('format');
    if (chosen !== undefined && chosen !== 'seed' && chosen !== 'modern') {
      throw new CommandFailure('usage', `--format got '${chosen}'.`, { why: 'It takes seed or modern.' });
    }
    const settings = await openSettings(invocation);
    const lines = await attempt('show the certificate', async () => {
      const given = options.text('cert-path');
      const certificatePath =
        given === undefined ? certificatePaths(settings, cloud).certificate : resolve(terminal.workingDirectory, given);
      const path = options.isSet('new') ? pendingCertificatePath({ certificate: certificatePath }) : certificatePath;
      const certificate = await requireCertificate(path);
      const layout = chosen ?? settings.text('cert.show.format');
      if (layout === 'seed') return formatSeedLines(certificate, path);
      const soonMs = durationOf(settings, 'certificate.validity.minimum_duration');
      return formatModernLines(certificate, path, platform.clock.now(), soonMs);
    });
    for (const line of lines) terminal.print(line);
  },
};
