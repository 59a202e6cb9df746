import { resolve } from 'node:path';
import { certificatePaths } from '#edge/certificate/certificate-paths.ts';
import { formatStatus } from '#edge/certificate/format-certificate.ts';
import { requireCertificate } from '#edge/certificate/read-certificate.ts';
import type { Command } from '../../kit/command.ts';
import { CommandFailure, exitCodes } from '../../kit/failure.ts';
import { durationOf } from '../duration-of.ts';
import { cloudOf, cloudPositional, openSettings, profileOption } from '../tedge-command.ts';
import { AnswerNo, attempt } from '../tedge-failure.ts';

export const certNeedsRenewalCommand: Command = {
  options: [{ name: 'cert-path', value: 'FILE', summary: 'Another certificate than the device’s' }, profileOption],
  positionals: [cloudPositional],
  examples: ['tedge cert needs-renewal', 'tedge cert needs-renewal az && tedge cert renew az'],
  notes: [
    'Exits with 0 when less than certificate.validity.minimum_duration is left, with 1 when there is no need,',
    'and with 2 when that cannot be said.',
  ],
  async run(invocation) {
    const { options, positionals, terminal, platform } = invocation;
    const cloud = cloudOf(positionals[0]);
    const { certificate, soonMs } = await unsaidAsTwo(async () => {
      const settings = await openSettings(invocation);
      return attempt('look at the certificate', async () => {
        const given = options.text('cert-path');
        const path =
          given === undefined ? certificatePaths(settings, cloud).certificate : resolve(terminal.workingDirectory, given);
        return {
          certificate: await requireCertificate(path),
          soonMs: durationOf(settings, 'certificate.validity.minimum_duration'),
        };
      });
    });
    const at = platform.clock.now();
    terminal.complain(`Status: ${formatStatus(certificate, at, soonMs)}`);
    if (certificate.notAfter - at >= soonMs) throw new AnswerNo();
  },
};

/** Whatever keeps us from an answer ends with 2: 1 is an answer here. */
async function unsaidAsTwo<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof CommandFailure)) throw error;
    const { message, why, fix } = error;
    throw new CommandFailure(exitCodes.usage, message, {
      cause: error,
      ...(why === undefined ? {} : { why }),
      ...(fix === undefined ? {} : { fix }),
    });
  }
}
