import { makeStyles, Subtitle2, tokens } from '@fluentui/react-components';
import type { Hub, HubDevice } from '../../api/contract.ts';
import { CodeText } from '../../components/code-text.tsx';
import { type Fact, Facts } from '../../components/facts.tsx';
import { ConnectionStrings } from './connection-strings.tsx';
import { DeviceThumbprints } from './device-thumbprints.tsx';

const useStyles = makeStyles({
  section: { display: 'flex', flexDirection: 'column', gap: '12px', alignItems: 'flex-start', minWidth: 0 },
  text: { color: tokens.colorNeutralForeground2, maxWidth: '72ch', margin: 0 },
});

/** What a device needs to connect: its keys, its thumbprints or a CA, and the names of MQTT. */
export function HubDeviceIdentity({ hub, device, mayWrite }: { hub: Hub; device: HubDevice; mayWrite: boolean }) {
  const styles = useStyles();
  return (
    <>
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
    </>
  );
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
