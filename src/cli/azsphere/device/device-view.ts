import type { Column } from '#cli/kit/render-table.ts';
import type { CloudDevice, CloudDeviceDetail } from '#sphere/contract/cloud.ts';

/** Device ids are lower case in listings (sphere.md 1.1). */
export const deviceColumns: readonly Column<CloudDevice>[] = [
  { heading: 'Device ID', read: (device) => device.DeviceId.toLowerCase() },
  { heading: 'Chip SKU', read: (device) => device.ChipSku },
  { heading: 'Claimed', read: (device) => device.ClaimedUTC },
  { heading: 'Assurance', read: (device) => device.Assurance ?? 'not attested' },
  { heading: 'Status', read: (device) => device.Status },
];

export function deviceData(device: CloudDevice) {
  return {
    deviceId: device.DeviceId.toLowerCase(),
    tenantId: device.TenantId,
    productId: device.ProductId,
    deviceGroupId: device.DeviceGroupId,
    chipSku: device.ChipSku,
    claimMethod: device.ClaimMethod,
    claimedAt: device.ClaimedUTC,
    isSuspended: device.IsSuspended,
    status: device.Status,
    assurance: device.Assurance,
  };
}

export function deviceDetailData(device: CloudDeviceDetail) {
  return {
    ...deviceData(device),
    lastInstalledOsVersion: device.LastInstalledOSVersion,
    lastAvailableOsVersion: device.LastAvailableOSVersion,
    lastUpdateCheckAt: device.LastUpdateCheckUTC,
    lastOsUpdateAt: device.LastOsUpdateUTC,
    lastCertificateAt: device.LastCertificateUTC,
    lastCertificateExpiresAt: device.LastCertificateExpiryUTC,
  };
}
