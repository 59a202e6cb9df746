/**
 * Which service a client means. By default every service is called `localhost`, so the MQTT user
 * name and the HTTP path decide, and never the host alone (architecture: Names, ports and the
 * one-host default). The rows are data, with a test for each and for every pair that could collide.
 */
export type MqttTarget = 'hub' | 'provisioning';
export type AmqpTarget = MqttTarget;
export type HttpTarget = 'hub' | 'provisioning' | 'provisioningService' | 'sphere' | 'central' | 'app';

/** Whether a request is for files, which have a host of their own so that nothing in them belongs to any other page. */
export function isForFiles(host: string | undefined, filesHost: string): boolean {
  return filesHost !== '' && (host ?? '').toLowerCase().replace(/:[0-9]{1,5}$/, '') === filesHost.toLowerCase();
}

/** `{id scope}/registrations/{id}/…` is the provisioning service's; everything else is the hub's to judge. */
export function chooseMqtt(userName: string | undefined): MqttTarget {
  return userName !== undefined && /^[^/]*\/registrations\//i.test(userName) ? 'provisioning' : 'hub';
}

/**
 * By the user name of SASL PLAIN, or the address of the first link: `{id scope}/registrations/{id}`, slash and host or not.
 * No id scope is called `devices`, while a device may be called `registrations`.
 */
export function chooseAmqp(name: string): AmqpTarget {
  return /^(?:amqps?:\/\/[^/]*)?\/?(?!devices\/)[^/]+\/registrations\/[^/]+\/?$/i.test(name) ? 'provisioning' : 'hub';
}

type HttpRow = { readonly pattern: RegExp; readonly target: HttpTarget };

/** First match wins; matched against the path without its query. */
const deviceRows: readonly HttpRow[] = [
  // Before provisioning, since a device may be called `registrations`. Some clients encode the separators of
  // the whole path. What the hub does not implement of its REST it refuses itself, in its own words.
  { pattern: /^\/(?:devices|twins|statistics|jobs|configurations|digitaltwins|routing)(?:\/|%2f|$)/i, target: 'hub' },
  { pattern: /^\/messages(?:\/|%2f)servicebound(?:\/|%2f)/i, target: 'hub' },
  // No id scope is called so; an enrollment or a group may be called `registrations`.
  { pattern: /^\/(?:enrollments|enrollmentgroups|registrations)(?:\/|%2f|$)/i, target: 'provisioningService' },
  { pattern: /^\/sphere\//i, target: 'sphere' },
  { pattern: /^\/[^/]+\/registrations\//i, target: 'provisioning' },
  { pattern: /^\/api\//i, target: 'central' },
];

const peopleRows: readonly HttpRow[] = [
  { pattern: /^\/api\//i, target: 'central' },
  { pattern: /^\/sphere\//i, target: 'sphere' },
];

/** On the port of devices and services; undefined: nobody serves this path. */
export function chooseDeviceHttp(url: string): HttpTarget | undefined {
  return choose(deviceRows, url);
}

/** On the port of people: what is not an API is the web app. */
export function choosePeopleHttp(url: string): HttpTarget {
  return choose(peopleRows, url) ?? 'app';
}

function choose(rows: readonly HttpRow[], url: string): HttpTarget | undefined {
  const path = url.split('?', 1)[0] ?? '';
  return rows.find(({ pattern }) => pattern.test(path))?.target;
}
