import { resolve } from 'node:path';
import { certificatePaths } from '#edge/certificate/certificate-paths.ts';
import { createRequest } from '#edge/certificate/create-request.ts';
import { loadEffective } from '#edge/certificate/effective-setting.ts';
import type { Command } from '../../kit/command.ts';
import { CommandFailure } from '../../kit/failure.ts';
import { cloudOf, cloudPositional, openSettings, profileOption } from '../tedge-command.ts';
import { attempt } from '../tedge-failure.ts';

export const certCreateCsrCommand: Command = {
  options: [
    { name: 'device-id', value: 'ID', summary: 'The common name; may be left out once the device has one' },
    { name: 'output-path', value: 'FILE', summary: 'Where the request is written; without it device.csr_path' },
    profileOption,
  ],
  positionals: [cloudPositional],
  examples: [
    'tedge cert create-csr --device-id my-device',
    'tedge cert create-csr',
    'tedge cert create-csr --output-path /tmp/my-device.csr',
  ],
  notes: ['Uses the device’s key, and makes one where there is none. The request is PKCS#10 in PEM.'],
  async run(invocation) {
    const { options, positionals, terminal, platform } = invocation;
    const cloud = cloudOf(positionals[0]);
    const settings = await openSettings(invocation);
    const deviceId =
      options.text('device-id') ??
      (await attempt('read the device id', () => loadEffective(settings, cloud === undefined ? 'device.id' : 'az.device.id')));
    if (typeof deviceId !== 'string') {
      throw new CommandFailure('failed', 'failed to create a signing request', {
        why: 'The device has no id.',
        fix: "Name it: 'tedge cert create-csr --device-id ID'.",
      });
    }
    const given = options.text('output-path');
    const outputPath =
      given === undefined
        ? resolve(settings.directory, settings.text('device.csr_path'))
        : resolve(terminal.workingDirectory, given);
    await attempt(`create a signing request for the device ${JSON.stringify(deviceId)}`, () =>
      createRequest(platform.random, {
        deviceId,
        keyPath: certificatePaths(settings, cloud).key,
        outputPath,
        organization: settings.text('certificate.organization'),
        organizationUnit: settings.text('certificate.organization_unit'),
        configDirectory: settings.directory,
      }),
    );
    terminal.complain(`The signing request is in ${outputPath}`);
  },
};
