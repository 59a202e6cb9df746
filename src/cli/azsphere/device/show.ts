import { CommandFailure } from '#cli/kit/failure.ts';
import { chooseBoard, listAttachedBoards } from '../attached-boards.ts';
import { azsphereCommand, tenantOption } from '../azsphere-command.ts';
import { requireTenant, signedIn } from '../signed-in.ts';
import { deviceColumns, deviceDetailData } from './device-view.ts';

export const deviceShowCommand = azsphereCommand({
  options: [
    { name: 'device', short: 'd', value: 'ID', summary: 'A device of the tenant; without it the attached one' },
    tenantOption,
  ],
  examples: ['azsphere device show', 'azsphere device show --device ID --output json'],
  async run(invocation) {
    const deviceId = await wantedDeviceId(invocation.options.text('device'), () => listAttachedBoards(invocation.terminal));
    const account = signedIn(invocation);
    const tenant = await requireTenant(invocation, account);
    const device = await account.client.loadDevice(tenant.Id, deviceId);
    invocation.voice.show({
      rows: [device],
      columns: [...deviceColumns, { heading: 'Certificate until', read: () => device.LastCertificateExpiryUTC ?? 'none yet' }],
      data: deviceDetailData(device),
    });
  },
});

async function wantedDeviceId(
  given: string | undefined,
  listBoards: () => ReturnType<typeof listAttachedBoards>,
): Promise<string> {
  if (given === undefined) return chooseBoard(await listBoards(), undefined).deviceId;
  if (/^[0-9a-fA-F]{128}$/.test(given)) return given.toLowerCase();
  if (given.includes('/')) return chooseBoard(await listBoards(), given).deviceId;
  throw new CommandFailure('usage', `'${given}' is no device ID.`, { why: 'A device ID has 128 hexadecimal digits.' });
}
