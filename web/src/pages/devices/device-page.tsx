import { MessageBar, MessageBarBody, MessageBarTitle, makeStyles, tokens } from '@fluentui/react-components';
import { lazy, Suspense } from 'react';
import { useNavigate, useParams } from 'react-router';
import type { DeviceDetail } from '../../api/contract.ts';
import { useDevice } from '../../api/devices.ts';
import { useMay, useSession } from '../../api/session.ts';
import { CodeText } from '../../components/code-text.tsx';
import { ErrorMessage } from '../../components/error-message.tsx';
import { type Fact, Facts } from '../../components/facts.tsx';
import { Loading } from '../../components/loading.tsx';
import { Page } from '../../components/page.tsx';
import { RelativeTime } from '../../components/relative-time.tsx';
import { RouteLink } from '../../components/route-link.tsx';
import { ConnectionWord, DeviceStatusWord } from '../../components/state-word.tsx';
import { TabBar, type TabEntry } from '../../components/tab-bar.tsx';
import { type DeviceTab, deviceTabs, paths } from '../../paths.ts';
import { NotFoundPage } from '../shell/not-found-page.tsx';
import { DeviceCommands } from './device-commands.tsx';
import { DeviceProperties } from './device-properties.tsx';
import { DeviceRawData } from './device-raw-data.tsx';
import { DeviceRefusals } from './device-refusals.tsx';
import { ManageDevice } from './manage-device.tsx';

// uPlot comes with the first chart, not with the first screen.
const DeviceOverview = lazy(async () => ({ default: (await import('./device-overview.tsx')).DeviceOverview }));

const useStyles = makeStyles({
  strip: {
    padding: '12px 16px',
    borderRadius: tokens.borderRadiusLarge,
    backgroundColor: tokens.colorNeutralBackground2,
  },
});

const crumbs = [{ label: 'Devices', to: paths.devices() }];

/** One device: how it stands, then a tab for each question one may have. */
export function DevicePage() {
  const { deviceId = '', tab = 'overview' } = useParams();
  const device = useDevice(deviceId);
  const known = deviceTabs.find((name) => name === tab);
  if (!known) return <NotFoundPage />;
  if (device.isError && !device.data) {
    return (
      <Page title={deviceId} crumbs={crumbs}>
        <ErrorMessage title="The device could not be loaded" error={device.error} onRetry={() => void device.refetch()} />
      </Page>
    );
  }
  if (!device.data) return <Loading />;
  return <LoadedDevice key={deviceId} detail={device.data} tab={known} />;
}

function LoadedDevice({ detail, tab }: { detail: DeviceDetail; tab: DeviceTab }) {
  const styles = useStyles();
  const navigate = useNavigate();
  const mayWrite = useMay('devices.write');
  const mayRaw = useMay('devices.raw');
  const mayCommand = useMay('devices.command');
  const mayRefusals = useMay('refusals.read');
  const { device } = detail;
  const refusalsLabel = detail.refusals === 0 ? 'Why refused' : `Why refused (${detail.refusals})`;
  const tabs: TabEntry<DeviceTab>[] = [
    { id: 'overview', label: 'Overview' },
    ...(mayRaw ? [{ id: 'raw-data', label: 'Raw data' } as const] : []),
    { id: 'properties', label: 'Properties' },
    ...(mayCommand ? [{ id: 'commands', label: 'Commands' } as const] : []),
    ...(mayRefusals ? [{ id: 'refusals' as const, label: refusalsLabel }] : []),
  ];
  return (
    <Page
      title={device.displayName}
      crumbs={crumbs}
      state={<DeviceStatusWord status={device.status} />}
      actions={mayWrite && <ManageDevice device={device} />}
    >
      <div className={styles.strip}>
        <Facts facts={factsOf(detail)} />
      </div>
      <Banner detail={detail} />
      <TabBar label="Device" tabs={tabs} selected={tab} onSelect={(next) => void navigate(paths.device(device.id, next))} />
      {tab === 'overview' && (
        <Suspense fallback={<Loading />}>
          <DeviceOverview detail={detail} />
        </Suspense>
      )}
      {tab === 'raw-data' && <DeviceRawData deviceId={device.id} />}
      {tab === 'properties' && <DeviceProperties deviceId={device.id} />}
      {tab === 'commands' && <DeviceCommands detail={detail} />}
      {tab === 'refusals' && <DeviceRefusals deviceId={device.id} />}
    </Page>
  );
}

function factsOf({ device, connection, refusals }: DeviceDetail): Fact[] {
  const facts: Fact[] = [
    { name: 'Device ID', value: <CodeText text={device.id} copyLabel="Copy device ID" /> },
    { name: 'Connection', value: <ConnectionWord isConnected={device.isConnected} /> },
    { name: 'Last data received', value: device.lastSeenAt ? <RelativeTime at={device.lastSeenAt} /> : 'Never' },
    {
      name: 'Template',
      value: device.template ? (
        <RouteLink to={paths.deviceTemplate(device.template.id)}>{device.template.displayName}</RouteLink>
      ) : (
        'Unassigned'
      ),
    },
  ];
  if (!connection.isConnected && connection.cause) facts.push({ name: 'Connection ended', value: connection.cause });
  if (device.assurance) facts.push({ name: 'Attestation', value: device.assurance });
  if (device.enrollmentGroupId) {
    facts.push({
      name: 'Connection group',
      value: <RouteLink to={paths.group(device.enrollmentGroupId)}>{device.enrollmentGroupId}</RouteLink>,
    });
  }
  if (device.simulated) facts.push({ name: 'Simulated', value: 'Yes' });
  if (refusals > 0) {
    facts.push({
      name: 'Refused',
      value: (
        <RouteLink
          to={paths.device(device.id, 'refusals')}
        >{`${refusals} ${refusals === 1 ? 'time' : 'times'}: see why`}</RouteLink>
      ),
    });
  }
  return facts;
}

/** What has to happen next, for a device that is not simply running. */
function Banner({ detail: { device } }: { detail: DeviceDetail }) {
  const session = useSession().data;
  if (device.status === 'Registered') {
    return (
      <MessageBar layout="multiline">
        <MessageBarBody>
          <MessageBarTitle>Waiting for its first connection</MessageBarTitle>
          The device registers with the ID scope <CodeText text={session?.idScope ?? ''} copyLabel="Copy ID scope" /> and its
          device ID, with a certificate from a verified CA.
        </MessageBarBody>
      </MessageBar>
    );
  }
  if (device.status === 'Waiting for approval') {
    return (
      <MessageBar intent="warning" layout="multiline">
        <MessageBarBody>
          <MessageBarTitle>Waiting for approval</MessageBarTitle>
          Its credentials are good. Approve it under Manage device; it is let in at its next attempt.
        </MessageBarBody>
      </MessageBar>
    );
  }
  if (device.templateHint) {
    return (
      <MessageBar intent="info" layout="multiline">
        <MessageBarBody>
          <MessageBarTitle>No template</MessageBarTitle>
          {device.templateHint}
        </MessageBarBody>
      </MessageBar>
    );
  }
  return null;
}
