import { certificatePaths } from '#edge/certificate/certificate-paths.ts';
import { createCertificate } from '#edge/certificate/create-certificate.ts';
import { formatModernLines } from '#edge/certificate/format-certificate.ts';
import type { TedgeSettings } from '#edge/settings/tedge-settings.ts';
import type { Command } from '../../kit/command.ts';
import { CommandFailure } from '../../kit/failure.ts';
import { durationOf } from '../duration-of.ts';
import { cloudOf, cloudPositional, openSettings, profileOption } from '../tedge-command.ts';
import { attempt } from '../tedge-failure.ts';

export const certCreateCommand: Command = {
  options: [
    { name: 'device-id', value: 'ID', summary: 'The common name; may be left out once device.id is configured' },
    profileOption,
  ],
  positionals: [cloudPositional],
  examples: ['tedge cert create --device-id my-device', 'tedge cert create --device-id my-device az', 'tedge cert create'],
  notes: [
    'Writes the certificate (mode 0444) and the key (0400) to device.cert_path and device.key_path.',
    'Prints nothing, as the first generation; with cert.show.format=modern what later ones print.',
  ],
  async run(invocation) {
    const { options, positionals, terminal, platform } = invocation;
    const cloud = cloudOf(positionals[0]);
    const settings = await openSettings(invocation);
    // Everything that can be wrong with the settings is found before a file is written.
    const { layout, soonMs, ...request } = await attempt('read the settings', () => ({
      deviceId: options.text('device-id') ?? configuredId(settings, cloud),
      paths: certificatePaths(settings, cloud),
      organization: settings.text('certificate.organization'),
      organizationUnit: settings.text('certificate.organization_unit'),
      lifeMs: durationOf(settings, 'certificate.validity.requested_duration'),
      configDirectory: settings.directory,
      soonMs: durationOf(settings, 'certificate.validity.minimum_duration'),
      layout: settings.text('cert.show.format'),
    }));
    const certificate = await attempt(`create a certificate for the device ${JSON.stringify(request.deviceId)}`, () =>
      createCertificate(platform, request),
    );
    if (layout !== 'modern') return;
    terminal.complain('Certificate was successfully created');
    terminal.complain('    => the certificate has to be known to the cloud: register the thumbprint below');
    terminal.complain('    => only then connect the device');
    terminal.complain('');
    for (const line of formatModernLines(certificate, request.paths.certificate, platform.clock.now(), soonMs))
      terminal.print(line);
  },
};

function configuredId(settings: TedgeSettings, cloud: 'az' | undefined): string {
  const id = settings.load(cloud === undefined ? 'device.id' : 'az.device.id');
  if (typeof id === 'string') return id;
  throw new CommandFailure('failed', 'failed to create a certificate', {
    why: 'The device has no id.',
    fix: "Name it: 'tedge cert create --device-id ID'.",
  });
}
