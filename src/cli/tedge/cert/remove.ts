import { certificatePaths } from '#edge/certificate/certificate-paths.ts';
import { removeCertificate } from '#edge/certificate/remove-certificate.ts';
import type { Command } from '../../kit/command.ts';
import { cloudOf, cloudPositional, openSettings, profileOption } from '../tedge-command.ts';
import { attempt } from '../tedge-failure.ts';

export const certRemoveCommand: Command = {
  options: [profileOption],
  positionals: [cloudPositional],
  examples: ['tedge cert remove', 'tedge cert remove az'],
  notes: ['The key goes too, and a renewed certificate that was not adopted yet.'],
  async run(invocation) {
    const cloud = cloudOf(invocation.positionals[0]);
    const settings = await openSettings(invocation);
    const wasThere = await attempt('remove the certificate', () => removeCertificate(certificatePaths(settings, cloud)));
    invocation.terminal.print(wasThere ? 'Certificate was successfully removed' : 'There is no certificate to remove');
  },
};
