import { servicePath } from './service-path.ts';

const events = /^\/devices\/[^/]+(?:\/modules\/[^/]+)?\/messages\/events$/i;
const queue = /^\/devices\/[^/]+\/messages\/devicebound$/i;
const files = /^\/devices\/[^/]+\/files(?:\/notifications(?:\/[^/]+)?)?$/i;
const locked = /^\/devices\/[^/]+\/messages\/devicebound\/[^/]+(?:\/abandon)?$/i;

/**
 * Whether a request with this normalized URL is a device's own. Devices and back ends share the path of a device and
 * its words (hub-device-protocol.md 6, hub-service-protocol.md 4): POST to a device's queue is how back ends send to it,
 * everything else below `messages` is the device's.
 */
export function isDeviceCall(method: string, url: string): boolean {
  const path = servicePath(url);
  return events.test(path) || files.test(path) || locked.test(path) || (queue.test(path) && method !== 'POST');
}
