import { certificatePaths, pendingCertificatePath } from '#edge/certificate/certificate-paths.ts';
import { formatModernLines } from '#edge/certificate/format-certificate.ts';
import { renewCertificate } from '#edge/certificate/renew-certificate.ts';
import type { Command } from '../../kit/command.ts';
import { CommandFailure } from '../../kit/failure.ts';
import { durationOf } from '../duration-of.ts';
import { cloudOf, cloudPositional, openSettings, profileOption } from '../tedge-command.ts';
import { attempt } from '../tedge-failure.ts';
import { unsupportedFailure } from '../unsupported.ts';

export const certRenewCommand: Command = {
  options: [{ name: 'ca', value: 'CA', summary: 'Who signs: self-signed, which is also what happens without it' }, profileOption],
  positionals: [cloudPositional],
  examples: ['tedge cert renew', 'tedge cert renew --ca self-signed', 'tedge cert renew az'],
  notes: [
    'Key and name stay, the thumbprint changes. The new certificate waits beside the present one as FILE.new',
    'until the next connect or reconnect: register its thumbprint as the secondary one first.',
  ],
  async run(invocation) {
    const { options, positionals, terminal, platform } = invocation;
    const cloud = cloudOf(positionals[0]);
    const ca = options.text('ca');
    if (ca === 'c8y') throw unsupportedFailure('The CA c8y');
    if (ca !== undefined && ca !== 'self-signed') {
      throw new CommandFailure('usage', `--ca got '${ca}'.`, { why: 'It takes self-signed.' });
    }
    const settings = await openSettings(invocation);
    const { soonMs, ...request } = await attempt('read the settings', () => ({
      paths: certificatePaths(settings, cloud),
      organization: settings.text('certificate.organization'),
      organizationUnit: settings.text('certificate.organization_unit'),
      lifeMs: durationOf(settings, 'certificate.validity.requested_duration'),
      soonMs: durationOf(settings, 'certificate.validity.minimum_duration'),
      maySucceedIssued: ca !== undefined,
    }));
    const renewed = await attempt('renew the certificate', () => renewCertificate(platform, request));
    terminal.complain('Certificate was successfully renewed');
    terminal.complain('    => register the thumbprint below with the cloud, beside the present one');
    terminal.complain("    => only then run 'tedge reconnect az', which adopts it");
    terminal.complain('');
    const path = pendingCertificatePath(request.paths);
    for (const line of formatModernLines(renewed, path, platform.clock.now(), soonMs)) terminal.print(line);
  },
};
