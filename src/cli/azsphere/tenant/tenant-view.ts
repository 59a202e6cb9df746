import type { ResultView } from '#cli/kit/render-data.ts';
import type { CloudTenant } from '#sphere/contract/cloud.ts';

const columns = [
  { heading: 'Id', read: (tenant: CloudTenant) => tenant.Id },
  { heading: 'Name', read: (tenant: CloudTenant) => tenant.Name },
  { heading: 'Roles', read: (tenant: CloudTenant) => tenant.Roles },
];

function tenantData(tenant: CloudTenant) {
  return { id: tenant.Id, name: tenant.Name, roles: tenant.Roles };
}

export function tenantsView(tenants: readonly CloudTenant[]): ResultView<CloudTenant> {
  return { rows: tenants, columns, data: tenants.map(tenantData) };
}

export function tenantView(tenant: CloudTenant): ResultView<CloudTenant> {
  return { rows: [tenant], columns, data: tenantData(tenant) };
}
