import { azsphereCommand } from '../azsphere-command.ts';
import { findTenant, selectTenant, signedIn } from '../signed-in.ts';
import { tenantView } from './tenant-view.ts';

export const tenantSelectCommand = azsphereCommand({
  options: [
    { name: 'tenant', short: 't', value: 'ID|NAME', isRequired: true, summary: 'The tenant that later commands work on' },
  ],
  examples: ['azsphere tenant select --tenant 143adbc9-1bf0-4be2-84a2-084a331d81cb', 'azsphere tenant select -t Contoso'],
  notes: ['Classic spellings: -i ID, --tenantid ID.'],
  async run(invocation) {
    const { client, session } = signedIn(invocation);
    const tenant = findTenant(await client.listTenants(), invocation.options.required('tenant'));
    selectTenant(invocation, session, tenant);
    invocation.voice.say(`Default Azure Sphere tenant is now '${tenant.Name}'.`);
    invocation.voice.detail('Tenant Name', tenant.Name);
    invocation.voice.detail('Tenant ID', tenant.Id);
    invocation.voice.report(tenantView(tenant));
  },
});
