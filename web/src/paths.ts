/** Every link the app can make, and the patterns that the site map (routes.tsx) matches. */
export const patterns = {
  signIn: '/sign-in',
  devices: '/devices',
  device: '/devices/:deviceId',
  deviceTab: '/devices/:deviceId/:tab',
  deviceTemplates: '/device-templates',
  deviceTemplate: '/device-templates/:templateId',
  permissions: '/permissions',
  groups: '/permissions/device-connection-groups',
  newGroup: '/permissions/device-connection-groups/new',
  group: '/permissions/device-connection-groups/:groupId',
  hubs: '/hub',
  hubOverview: '/hub/overview',
  hubDevices: '/hub/iot-devices',
  newHubDevice: '/hub/iot-devices/new',
  // Below a word of its own, because a device may be called `new`.
  hubDevice: '/hub/iot-devices/id/:deviceId',
  hubMessages: '/hub/messages',
  hubQueries: '/hub/queries',
  hubJobs: '/hub/jobs',
  hubConfigurations: '/hub/configurations',
  hubRouting: '/hub/message-routing',
  consumerGroups: '/hub/consumer-groups',
  hubCertificates: '/hub/certificates',
  hubPolicies: '/hub/shared-access-policies',
  refusals: '/refusals',
  refusal: '/refusals/:refusalId',
  administration: '/administration',
  administrationDeviceConnection: '/administration/device-connection',
  rehearsal: '/administration/rehearsal',
  audit: '/audit-log',
} as const;

export type DeviceTab = 'overview' | 'raw-data' | 'properties' | 'commands' | 'refusals';

export const deviceTabs: readonly DeviceTab[] = ['overview', 'raw-data', 'properties', 'commands', 'refusals'];

export const paths = {
  devices: (filter: { template?: string; search?: string } = {}) => withSearch(patterns.devices, filter),
  device: (id: string, tab: DeviceTab = 'overview') =>
    tab === 'overview' ? `/devices/${encodeURIComponent(id)}` : `/devices/${encodeURIComponent(id)}/${tab}`,
  deviceTemplates: () => patterns.deviceTemplates,
  deviceTemplate: (id: string) => `/device-templates/${encodeURIComponent(id)}`,
  groups: () => patterns.groups,
  newGroup: () => patterns.newGroup,
  group: (id: string) => `${patterns.groups}/${encodeURIComponent(id)}`,
  hubs: () => patterns.hubs,
  hubOverview: (filter: { hub?: string } = {}) => withSearch(patterns.hubOverview, filter),
  hubDevices: (filter: { hub?: string } = {}) => withSearch(patterns.hubDevices, filter),
  newHubDevice: (filter: { hub?: string } = {}) => withSearch(patterns.newHubDevice, filter),
  hubDevice: (id: string, filter: { hub?: string; tab?: string } = {}) =>
    withSearch(`/hub/iot-devices/id/${encodeURIComponent(id)}`, filter),
  hubMessages: (filter: { hub?: string; device?: string } = {}) => withSearch(patterns.hubMessages, filter),
  hubQueries: (filter: { hub?: string; query?: string } = {}) => withSearch(patterns.hubQueries, filter),
  hubJobs: (filter: { hub?: string } = {}) => withSearch(patterns.hubJobs, filter),
  hubConfigurations: (filter: { hub?: string } = {}) => withSearch(patterns.hubConfigurations, filter),
  hubRouting: (filter: { hub?: string } = {}) => withSearch(patterns.hubRouting, filter),
  consumerGroups: (filter: { hub?: string } = {}) => withSearch(patterns.consumerGroups, filter),
  hubCertificates: (filter: { hub?: string } = {}) => withSearch(patterns.hubCertificates, filter),
  hubPolicies: (filter: { hub?: string } = {}) => withSearch(patterns.hubPolicies, filter),
  refusals: (filter: { service?: string; subject?: string; hub?: string; group?: string } = {}) =>
    withSearch(patterns.refusals, filter),
  refusal: (id: string) => `${patterns.refusals}/${encodeURIComponent(id)}`,
  administration: () => patterns.administration,
  rehearsal: (filter: { ahead?: string } = {}) => withSearch(patterns.rehearsal, filter),
  audit: (filter: { service?: string; hub?: string; actor?: string; target?: string } = {}) => withSearch(patterns.audit, filter),
  administrationDeviceConnection: () => patterns.administrationDeviceConnection,
  signIn: () => patterns.signIn,
};

function withSearch(path: string, filter: Record<string, string | undefined>): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(filter)) if (value) search.set(name, value);
  const text = search.toString();
  return text === '' ? path : `${path}?${text}`;
}
