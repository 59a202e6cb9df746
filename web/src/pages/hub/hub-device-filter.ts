import type { HubAuthenticationType, HubDevice } from '../../api/contract.ts';

/** The names of the cloud's portal. */
export const authenticationWords: Readonly<Record<HubAuthenticationType, string>> = {
  sas: 'Symmetric key',
  selfSigned: 'X.509 Self-Signed',
  certificateAuthority: 'X.509 CA Signed',
};

/** What the filter row says; it lives in the URL. */
export type HubDeviceFilter = { search: string; authentication: string; state: string };

export const stateWords = { enabled: 'Enabled', disabled: 'Disabled', connected: 'Connected', disconnected: 'Disconnected' };

export function readHubDeviceFilter(search: URLSearchParams): HubDeviceFilter {
  return {
    search: search.get('search') ?? '',
    authentication: search.get('authentication') ?? '',
    state: search.get('state') ?? '',
  };
}

/** A thumbprint finds its device too, however it is written. */
export function filterHubDevices(devices: readonly HubDevice[], filter: HubDeviceFilter): HubDevice[] {
  const wanted = filter.search.trim().toLowerCase();
  const hex = wanted.replace(/[\s:]/g, '').toUpperCase();
  return devices.filter(
    (device) =>
      (wanted === '' ||
        device.id.toLowerCase().includes(wanted) ||
        [device.primaryThumbprint, device.secondaryThumbprint].some(
          (thumbprint) => hex.length >= 8 && thumbprint?.includes(hex),
        )) &&
      (filter.authentication === '' || device.authentication === filter.authentication) &&
      isIn(device, filter.state),
  );
}

function isIn(device: HubDevice, state: string): boolean {
  switch (state) {
    case 'enabled':
      return device.enabled;
    case 'disabled':
      return !device.enabled;
    case 'connected':
      return device.isConnected;
    case 'disconnected':
      return !device.isConnected;
    default:
      return true;
  }
}

/** As `authenticationWords`, of a type that may be none of a device's. */
export function authenticationWord(type: string): string {
  return Object.entries(authenticationWords).find(([known]) => known === type)?.[1] ?? 'None of its own';
}
