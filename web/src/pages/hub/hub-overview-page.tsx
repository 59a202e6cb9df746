import { makeStyles, Subtitle2 } from '@fluentui/react-components';
import { IotRegular } from '@fluentui/react-icons/svg/iot';
import { PulseRegular } from '@fluentui/react-icons/svg/pulse';
import type { Hub, HubOverview } from '../../api/contract.ts';
import { useHubOverview } from '../../api/hub-overview.ts';
import { useMay } from '../../api/session.ts';
import { CodeText } from '../../components/code-text.tsx';
import { ErrorMessage } from '../../components/error-message.tsx';
import { type Fact, Facts } from '../../components/facts.tsx';
import { Page } from '../../components/page.tsx';
import { RouteButton, RouteLink } from '../../components/route-link.tsx';
import { StateWord } from '../../components/state-word.tsx';
import { paths } from '../../paths.ts';
import { EventRate } from './event-rate.tsx';
import { HubHealth } from './hub-health.tsx';
import { HubStrip } from './hub-strip.tsx';
import { PolicyKeys } from './policy-keys.tsx';
import { WithHub } from './with-hub.tsx';

const useStyles = makeStyles({
  section: { display: 'flex', flexDirection: 'column', gap: '12px', minWidth: 0 },
});

/** One hub: whether it is well, how much it takes, and what devices and back ends need to reach it. */
export function HubOverviewPage() {
  return <WithHub title="Overview">{(hub) => <Overview key={hub.name} hub={hub} />}</WithHub>;
}

function Overview({ hub }: { hub: Hub }) {
  const styles = useStyles();
  const overview = useHubOverview(hub.name);
  const mayKeys = useMay('hubs.write');
  return (
    <Page
      title="Overview"
      crumbs={[{ label: 'IoT hubs', to: paths.hubs() }]}
      {...(overview.data && { state: <LogWord state={overview.data.events.state} /> })}
      actions={
        <>
          <RouteButton icon={<IotRegular />} to={paths.hubDevices({ hub: hub.name })}>
            IoT devices
          </RouteButton>
          <RouteButton icon={<PulseRegular />} to={paths.hubMessages({ hub: hub.name })}>
            Live messages
          </RouteButton>
        </>
      }
    >
      <HubStrip hub={hub} more={overview.data ? countsOf(overview.data) : []} />
      {overview.isError && (
        <ErrorMessage title="The hub could not be loaded" error={overview.error} onRetry={() => void overview.refetch()} />
      )}
      <HubHealth hub={hub} />
      <EventRate hub={hub} />
      {overview.data && (
        <section className={styles.section} aria-labelledby="endpoints">
          <Subtitle2 as="h2" id="endpoints">
            Endpoints
          </Subtitle2>
          <Facts facts={endpointsOf(overview.data)} />
        </section>
      )}
      {mayKeys && (
        <section className={styles.section} aria-labelledby="connection-strings">
          <Subtitle2 as="h2" id="connection-strings">
            Connection strings of iothubowner
          </Subtitle2>
          <PolicyKeys hub={hub.name} policy="iothubowner" />
        </section>
      )}
    </Page>
  );
}

function LogWord({ state }: { state: HubOverview['events']['state'] }) {
  switch (state) {
    case 'ok':
      return <StateWord tone="good">Takes messages</StateWord>;
    case 'full':
      return <StateWord tone="bad">Takes no messages: the disk is full</StateWord>;
    case 'failed':
      return <StateWord tone="bad">Takes no messages: the disk failed</StateWord>;
    case 'closed':
      return <StateWord tone="warning">Stopping</StateWord>;
  }
}

function countsOf({ name, deviceCount, disabledCount, connectedCount }: HubOverview): Fact[] {
  return [
    { name: 'Devices', value: <RouteLink to={paths.hubDevices({ hub: name })}>{String(deviceCount)}</RouteLink> },
    { name: 'Connected', value: String(connectedCount) },
    { name: 'Disabled', value: String(disabledCount) },
  ];
}

function endpointsOf({ name, hostName, url, events }: HubOverview): Fact[] {
  return [
    { name: 'Devices dial', value: <CodeText text={hostName} copyLabel="Copy the name that devices dial" /> },
    { name: 'REST for back ends', value: <CodeText text={url} copyLabel="Copy URL" /> },
    { name: 'Events (Event Hubs)', value: <CodeText text={events.hostName} copyLabel="Copy host name of the events" /> },
    { name: 'Event Hub name', value: <CodeText text={events.entity} copyLabel="Copy Event Hub name" /> },
    { name: 'Partitions', value: String(events.partitions) },
    {
      name: 'Consumer groups',
      value: <RouteLink to={paths.consumerGroups({ hub: name })}>{String(events.consumerGroups)}</RouteLink>,
    },
  ];
}
