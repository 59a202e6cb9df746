import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '#base/clock.ts';
import { minuteMs, plus } from '#base/instant.ts';
import { Problem } from '#base/problem.ts';
import type { HubDirectory } from '#hub/hub.ts';
import { formatSasToken } from '#wire/azure/sas-token.ts';

/** Answers a request that is for a hub's REST; false for any other. Throws Problem `not-found` for a hub that is none. */
export type HubRest = (request: IncomingMessage, response: ServerResponse) => boolean;

const pathPattern = /^\/hubs\/([^/?]{1,64})\/rest(\/.*)$/;
const tokenLifeMs = 5 * minuteMs;

/**
 * The REST that back ends use, through the administration socket: what they may do with a key, the owner of the data
 * directory may do without one. The hub's own surface answers, as to its policy `iothubowner`, so the two cannot differ.
 */
export function hubRest(clock: Pick<Clock, 'now'>, hubs: Pick<HubDirectory, 'find'>): HubRest {
  return (request, response) => {
    const [, name, path] = pathPattern.exec(request.url ?? '') ?? [];
    if (name === undefined || path === undefined) return false;
    const hub = hubs.find(name);
    if (!hub) throw new Problem('not-found', `There is no hub ${name}.`);
    const owner = hub.policies.find('iothubowner');
    if (!owner) throw new Problem('internal', 'A hub has no policy iothubowner.');
    request.url = path;
    request.headers.authorization = formatSasToken({
      resource: hub.hostName,
      key: Buffer.from(owner.primaryKey, 'base64'),
      keyName: owner.name,
      expirySeconds: Math.ceil(plus(clock.now(), tokenLifeMs) / 1000),
    });
    hub.http(request, response);
    return true;
  };
}
