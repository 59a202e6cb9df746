import { useRefusals } from '../../api/refusals.ts';
import { RefusalList } from '../refusals/refusal-list.tsx';

/** Why this device was turned away. */
export function DeviceRefusals({ deviceId }: { deviceId: string }) {
  return <RefusalList refusals={useRefusals({ subject: deviceId })} emptyText="This device was never refused." />;
}
