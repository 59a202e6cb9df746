import { makeStyles, Subtitle2, tokens } from '@fluentui/react-components';
import { PulseRegular } from '@fluentui/react-icons/svg/pulse';
import { useParams } from 'react-router';
import type { Hub, HubDeviceDetail } from '../../api/contract.ts';
import { useHubDevice } from '../../api/hub-devices.ts';
import { useMay } from '../../api/session.ts';
import { CodeText } from '../../components/code-text.tsx';
import { ErrorMessage } from '../../components/error-message.tsx';
import { type Fact, Facts } from '../../components/facts.tsx';
import { Loading } from '../../components/loading.tsx';
import { Page } from '../../components/page.tsx';
import { RelativeTime } from '../../components/relative-time.tsx';
import { RouteButton, RouteLink } from '../../components/route-link.tsx';
import { ConnectionWord } from '../../components/state-word.tsx';
import { paths } from '../../paths.ts';
import { ConnectionStrings } from './connection-strings.tsx';
import { DeviceThumbprints } from './device-thumbprints.tsx';
import { EnabledWord } from './enabled-word.tsx';
import { authenticationWords } from './hub-device-filter.ts';
import { HubStrip } from './hub-strip.tsx';
import { ManageHubDevice } from './manage-hub-device.tsx';
import { MessageToDevice } from './message-to-device.tsx';
import { WithHub } from './with-hub.tsx';

const useStyles = makeStyles({
  section: { display: 'flex', flexDirection: 'column', gap: '12px', alignItems: 'flex-start', minWidth: 0 },
  text: { color: tokens.colorNeutralForeground2, maxWidth: '72ch' },
});

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
  const styles = useStyles();
  const mayWrite = useMay('hub-devices.write');
  const { device } = detail;
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
      {device.authentication === 'selfSigned' && <DeviceThumbprints hub={hub.name} device={device} mayWrite={mayWrite} />}
      {device.authentication === 'sas' && mayWrite && <ConnectionStrings hub={hub.name} id={device.id} />}
      {device.authentication === 'certificateAuthority' && (
        <section className={styles.section} aria-labelledby="by-ca">
          <Subtitle2 as="h2" id="by-ca">
            Certificate
          </Subtitle2>
          <p className={styles.text}>
            The device shows a certificate with the common name <CodeText text={device.id} /> that continues to a CA of this hub
            whose possession was proven.
          </p>
        </section>
      )}
      <section className={styles.section} aria-labelledby="by-mqtt">
        <Subtitle2 as="h2" id="by-mqtt">
          How it connects with MQTT
        </Subtitle2>
        <Facts facts={mqttFacts(hub, device.id)} />
      </section>
      {mayWrite && <MessageToDevice hub={hub.name} id={device.id} />}
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

/** What a client without an SDK has to be told. */
function mqttFacts(hub: Hub, id: string): Fact[] {
  return [
    { name: 'Client ID', value: <CodeText text={id} copyLabel="Copy client ID" /> },
    {
      name: 'User name',
      value: <CodeText text={`${hub.hostName}/${id}/?api-version=2021-04-12`} copyLabel="Copy user name" />,
    },
    { name: 'Topic for messages', value: <CodeText text={`devices/${id}/messages/events/`} copyLabel="Copy topic" /> },
    {
      name: 'Topic for messages to it',
      value: <CodeText text={`devices/${id}/messages/devicebound/#`} copyLabel="Copy topic for messages to it" />,
    },
  ];
}
