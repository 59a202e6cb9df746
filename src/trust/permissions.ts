/** What a route or use case may require. One list for every service; `none` is for routes that authenticate nobody. */
export const permissions = [
  'devices.read',
  'devices.write',
  'devices.command',
  'devices.raw',
  'templates.read',
  'groups.read',
  'groups.write',
  'groups.verify-on-upload',
  'hub-certificates.write',
  'hub-devices.read',
  'hub-devices.write',
  'hubs.write',
  'refusals.read',
  'tokens.write',
  'sphere.read',
  'sphere.claim',
  'sphere.administer',
] as const;

export type Permission = (typeof permissions)[number];

/** Central's built-in roles under the ids that scripts hard-code (central.md 4.3). */
export const roles = {
  administrator: { id: 'ca310b8d-2f4a-44e0-a36e-957c202cd8d4', displayName: 'Administrator', permissions: new Set(permissions) },
  builder: {
    id: '344138e9-8de4-4497-8c54-5237e96d6aaf',
    displayName: 'Builder',
    permissions: new Set<Permission>([
      'devices.read',
      'devices.write',
      'devices.command',
      'devices.raw',
      'templates.read',
      'groups.read',
    ]),
  },
  operator: {
    id: 'ae2c9854-393b-4f97-8c42-479d70ce626e',
    displayName: 'Operator',
    permissions: new Set<Permission>(['devices.read', 'devices.write', 'devices.command', 'devices.raw', 'templates.read']),
  },
} as const satisfies Record<string, { id: string; displayName: string; permissions: ReadonlySet<Permission> }>;

export type RoleName = keyof typeof roles;
