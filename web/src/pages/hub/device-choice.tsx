import { useHubDevices } from '../../api/hub-devices.ts';
import { TextChoice } from '../../components/text-choice.tsx';

type Props = { hub: string; device: string; onChange: (device: string) => void };

/** All devices of a hub, or one. */
export function DeviceChoice({ hub, device, onChange }: Props) {
  const loaded = useHubDevices(hub).data?.pages.flatMap((page) => page.value) ?? [];
  return (
    <TextChoice
      label="Filter by device"
      all="All devices"
      value={device}
      known={loaded.map(({ id }) => id)}
      onChange={onChange}
    />
  );
}
