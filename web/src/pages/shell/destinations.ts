import type { DeviceRow, DeviceTemplate } from '../../api/contract.ts';
import { paths } from '../../paths.ts';

/** Something that search and the command palette can open. */
export type Destination = { kind: 'Page' | 'Device' | 'Template'; label: string; detail?: string; to: string };

/** Pages with the names that older tutorials print for them. */
const pages: readonly { label: string; aliases: readonly string[]; to: string }[] = [
  { label: 'Devices', aliases: ['device explorer', 'explorer', 'unassociated'], to: paths.devices() },
  { label: 'Device templates', aliases: ['application builder'], to: paths.deviceTemplates() },
  {
    label: 'Device connection groups',
    aliases: ['administration device connection', 'id scope', 'certificates'],
    to: paths.groups(),
  },
  { label: 'New device connection group', aliases: ['new enrollment group'], to: paths.newGroup() },
  { label: 'IoT hubs', aliases: ['iot hub', 'create a hub', 'host name'], to: paths.hubs() },
  { label: 'Overview of a hub', aliases: ['message rate', 'endpoints', 'built-in endpoints'], to: paths.hubOverview() },
  {
    label: 'IoT devices of a hub',
    aliases: ['explorers', 'device management', 'device identities', 'hub devices'],
    to: paths.hubDevices(),
  },
  {
    label: 'Create a device of a hub',
    aliases: ['x.509 self-signed', 'thumbprint', 'connection string', 'register device', 'tedge'],
    to: paths.newHubDevice(),
  },
  {
    label: 'Live messages of a hub',
    aliases: ['monitor events', 'device explorer', 'telemetry', 'message monitor'],
    to: paths.hubMessages(),
  },
  { label: 'Queries of a hub', aliases: ['select from devices', 'query explorer', 'device query'], to: paths.hubQueries() },
  { label: 'Jobs of a hub', aliases: ['schedule', 'twin updates', 'bulk method'], to: paths.hubJobs() },
  {
    label: 'Configurations of a hub',
    aliases: ['automatic device management', 'target condition', 'deployments'],
    to: paths.hubConfigurations(),
  },
  {
    label: 'Message routing',
    aliases: ['routes', 'endpoints', 'enrichments', 'webhook', 'dead letters', 'fallback'],
    to: paths.hubRouting(),
  },
  { label: 'Consumer groups', aliases: ['built-in endpoints', 'event hubs'], to: paths.consumerGroups() },
  { label: 'CA certificates of a hub', aliases: ['x.509 ca', 'proof of possession'], to: paths.hubCertificates() },
  { label: 'Shared access policies', aliases: ['iothubowner', 'connection string', 'keys of a hub'], to: paths.hubPolicies() },
  { label: 'Administration', aliases: ['permissions', 'settings'], to: paths.administration() },
  {
    label: 'Rehearsal',
    aliases: ['certificates that end', 'expiry', 'expiring', 'which devices will drop', 'clock'],
    to: paths.rehearsal(),
  },
  { label: 'Audit log', aliases: ['who changed what', 'changes', 'history', 'activity log'], to: paths.audit() },
  { label: 'Why refused', aliases: ['refusals', 'errors', 'rejected'], to: paths.refusals() },
];

const perKindMax = 8;

/** What matches `text` by name or id: exact ids first, then names that begin with it, then the rest. */
export function findDestinations(
  text: string,
  known: { devices: readonly DeviceRow[]; templates: readonly DeviceTemplate[]; withPages: boolean },
): Destination[] {
  const wanted = text.trim().toLowerCase();
  const matching = pages.filter((page) => [page.label.toLowerCase(), ...page.aliases].some((name) => name.includes(wanted)));
  const pageHits: Destination[] = matching.map(({ label, to }) => ({ kind: 'Page', label, to }));
  if (wanted === '') return known.withPages ? pageHits : [];
  const devices = ranked(known.devices, wanted, (device) => [device.id, device.displayName]).map(
    (device): Destination => ({ kind: 'Device', label: device.displayName, detail: device.id, to: paths.device(device.id) }),
  );
  const templates = ranked(known.templates, wanted, (template) => [template['@id'], template.displayName]).map(
    (template): Destination => ({
      kind: 'Template',
      label: template.displayName,
      detail: template['@id'],
      to: paths.deviceTemplate(template['@id']),
    }),
  );
  return [...devices, ...templates, ...pageHits];
}

function ranked<T>(items: readonly T[], wanted: string, namesOf: (item: T) => string[]): T[] {
  const hits: { item: T; rank: number }[] = [];
  for (const item of items) {
    const rank = Math.min(...namesOf(item).map((name) => rankOf(name.toLowerCase(), wanted)));
    if (rank < 3) hits.push({ item, rank });
  }
  return hits
    .sort((a, b) => a.rank - b.rank)
    .slice(0, perKindMax)
    .map((hit) => hit.item);
}

function rankOf(name: string, wanted: string): number {
  if (name === wanted) return 0;
  if (name.startsWith(wanted)) return 1;
  return name.includes(wanted) ? 2 : 3;
}
