import type { HubDeviceRow } from '#storage/schema/hub.ts';
import type { Device } from './device.ts';

/** Of a device that is kept out, what everybody is told is that; what its owner said stays beneath it. */
export function statusOf(
  row: Pick<HubDeviceRow, 'is_enabled' | 'status_reason' | 'hold_reason'>,
): Pick<Device, 'isEnabled' | 'statusReason' | 'ownStatus'> {
  const own = {
    isEnabled: row.is_enabled === 1,
    ...(row.status_reason === null ? {} : { statusReason: row.status_reason }),
  };
  return row.hold_reason === null ? own : { isEnabled: false, statusReason: row.hold_reason, ownStatus: own };
}
