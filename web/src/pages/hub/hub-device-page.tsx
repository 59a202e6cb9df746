import { PulseRegular } from '@fluentui/react-icons/svg/pulse';
import { useParams, useSearchParams } from 'react-router';
import type { Hub, HubDeviceDetail } from '../../api/contract.ts';
import { useHubDevice } from '../../api/hub-devices.ts';
import { useMay } from '../../api/session.ts';
import { CodeText } from '../../components/code-text.tsx';
import { ErrorMessage } from '../../components/error-message.tsx';
import type { Fact } from '../../components/facts.tsx';
import { Loading } from '../../components/loading.tsx';
import { Page } from '../../components/page.tsx';
import { RelativeTime } from '../../components/relative-time.tsx';
import { RouteButton, RouteLink } from '../../components/route-link.tsx';
import { ConnectionWord } from '../../components/state-word.tsx';
import { TabBar, type TabEntry } from '../../components/tab-bar.tsx';
import { writeFilter } from '../../components/write-filter.ts';
import { paths } from '../../paths.ts';
import { DeviceModules } from './device-modules.tsx';
import { EnabledWord } from './enabled-word.tsx';
import { authenticationWords } from './hub-device-filter.ts';
import { HubDeviceIdentity } from './hub-device-identity.tsx';
import { HubStrip } from './hub-strip.tsx';
import { ManageHubDevice } from './manage-hub-device.tsx';
import { MessageToDevice } from './message-to-device.tsx';
import { MethodCall } from './method-call.tsx';
import { TwinEditor } from './twin-editor.tsx';
import { WithHub } from './with-hub.tsx';

type Tab = 'identity' | 'twin' | 'method' | 'message' | 'modules';

const allTabs: readonly TabEntry<Tab>[] = [
  { id: 'identity', label: 'Identity' },
  { id: 'twin', label: 'Twin' },
  { id: 'method', label: 'Direct method' },
  { id: 'message', label: 'Message' },
  { id: 'modules', label: 'Modules' },
];

/** One device of a hub: how it stands, and what it needs to connect. */
export function HubDevicePage() {
  const { deviceId = '' } = useParams();
  return <WithHub title={deviceId}>{(hub) => <HubDevice key={`${hub.name}/${deviceId}`} hub={hub} id={deviceId} />}</WithHub>;
}

function HubDevice({ hub, id }: { hub: Hub; id: string }) {
  const device = useHubDevice(hub.name, id);
  const crumbs = [{ label: 'IoT devices', to: paths.hubDevices({ hub: hub.name }) }];
  if (device.isError && !device.data) {
    return (
      <Page title={id} crumbs={crumbs}>
        <ErrorMessage title="The device could not be loaded" error={device.error} onRetry={() => void device.refetch()} />
      </Page>
    );
  }
  if (!device.data) return <Loading />;
  return <LoadedHubDevice hub={hub} detail={device.data} />;
}

function LoadedHubDevice({ hub, detail }: { hub: Hub; detail: HubDeviceDetail }) {
  const mayWrite = useMay('hub-devices.write');
  const [search, setSearch] = useSearchParams();
  const { device } = detail;
  const tabs = allTabs.filter(({ id }) => mayWrite || id === 'identity' || id === 'twin');
  const tab = tabs.find(({ id }) => id === search.get('tab'))?.id ?? 'identity';
  return (
    <Page
      title={device.id}
      crumbs={[{ label: 'IoT devices', to: paths.hubDevices({ hub: hub.name }) }]}
      state={<EnabledWord isEnabled={device.enabled} why={device.statusReason} />}
      actions={
        <>
          <RouteButton icon={<PulseRegular />} to={paths.hubMessages({ hub: hub.name, device: device.id })}>
            Live messages
          </RouteButton>
          {mayWrite && <ManageHubDevice hub={hub.name} device={device} />}
        </>
      }
    >
      <HubStrip hub={hub} isFixed more={factsOf(detail)} />
      <TabBar
        label="Device"
        tabs={tabs}
        selected={tab}
        onSelect={(next) => setSearch(writeFilter(search, { tab: next === 'identity' ? '' : next }), { replace: true })}
      />
      {tab === 'identity' && <HubDeviceIdentity hub={hub} device={device} mayWrite={mayWrite} />}
      {tab === 'twin' && <TwinEditor hub={hub.name} id={device.id} mayWrite={mayWrite} />}
      {tab === 'method' && <MethodCall hub={hub.name} id={device.id} />}
      {tab === 'message' && <MessageToDevice hub={hub.name} id={device.id} />}
      {tab === 'modules' && <DeviceModules hub={hub.name} id={device.id} />}
    </Page>
  );
}

function factsOf({ device, connection, refusals, refusalSubject, messagesWaiting }: HubDeviceDetail): Fact[] {
  const facts: Fact[] = [
    { name: 'Device ID', value: <CodeText text={device.id} copyLabel="Copy device ID" /> },
    { name: 'Authentication type', value: authenticationWords[device.authentication] },
    { name: 'Connection', value: <ConnectionWord isConnected={connection.isConnected} /> },
  ];
  if (connection.changedAt) {
    facts.push({
      name: connection.isConnected ? 'Connected since' : 'Connection ended',
      value: <RelativeTime at={connection.changedAt} />,
    });
  }
  if (!connection.isConnected && connection.cause) facts.push({ name: 'Because of', value: connection.cause });
  facts.push({ name: 'Messages waiting for it', value: String(messagesWaiting) });
  facts.push({ name: 'Created', value: <RelativeTime at={device.createdAt} /> });
  if (refusals > 0) {
    facts.push({
      name: 'Refused',
      value: (
        <RouteLink to={paths.refusals({ service: 'hub', subject: refusalSubject })}>
          {`${refusals} ${refusals === 1 ? 'time' : 'times'}: see why`}
        </RouteLink>
      ),
    });
  }
  return facts;
}
