import { azsphereCommand } from '../azsphere-command.ts';
import { signedIn } from '../signed-in.ts';
import { tenantsView } from './tenant-view.ts';

export const tenantListCommand = azsphereCommand({
  options: [],
  examples: ['azsphere tenant list', 'azsphere tenant list --output json'],
  async run(invocation) {
    invocation.voice.show(tenantsView(await signedIn(invocation).client.listTenants()));
  },
});
