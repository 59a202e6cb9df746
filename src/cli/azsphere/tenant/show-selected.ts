import { azsphereCommand, tenantOption } from '../azsphere-command.ts';
import { requireTenant, signedIn } from '../signed-in.ts';
import { tenantView } from './tenant-view.ts';

export const tenantShowSelectedCommand = azsphereCommand({
  options: [tenantOption],
  examples: ['azsphere tenant show-selected', 'azsphere tenant show-selected -o yaml'],
  async run(invocation) {
    invocation.voice.show(tenantView(await requireTenant(invocation, signedIn(invocation))));
  },
});
