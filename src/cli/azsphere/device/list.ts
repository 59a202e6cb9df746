import { azsphereCommand, tenantOption } from '../azsphere-command.ts';
import { requireTenant, signedIn } from '../signed-in.ts';
import { deviceColumns, deviceData } from './device-view.ts';

export const deviceListCommand = azsphereCommand({
  options: [tenantOption],
  examples: ['azsphere device list', 'azsphere device list --output json'],
  async run(invocation) {
    const account = signedIn(invocation);
    const tenant = await requireTenant(invocation, account);
    const devices = await account.client.listDevices(tenant.Id);
    invocation.voice.show({ rows: devices, columns: deviceColumns, data: devices.map(deviceData) });
  },
});
