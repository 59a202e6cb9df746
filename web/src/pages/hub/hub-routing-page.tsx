import { Button, makeStyles, Subtitle2, Switch } from '@fluentui/react-components';
import { AddRegular } from '@fluentui/react-icons/svg/add';
import { DeleteRegular } from '@fluentui/react-icons/svg/delete';
import { EditRegular } from '@fluentui/react-icons/svg/edit';
import { type ReactNode, useState } from 'react';
import type { Hub, HubDestination, HubEnrichment, HubRoute, HubRouting } from '../../api/contract.ts';
import { type RoutingPart, useDeleteRoutingPart, useHubRouting, useSetFallback } from '../../api/hub-routing.ts';
import { useMay } from '../../api/session.ts';
import { ConfirmDialog } from '../../components/confirm-dialog.tsx';
import { type DetailColumn, DetailTable } from '../../components/detail-table.tsx';
import { EmptyState } from '../../components/empty-state.tsx';
import { ErrorMessage } from '../../components/error-message.tsx';
import { type Fact, Facts } from '../../components/facts.tsx';
import { JsonView } from '../../components/json-view.tsx';
import { Loading } from '../../components/loading.tsx';
import { Page } from '../../components/page.tsx';
import { RelativeTime } from '../../components/relative-time.tsx';
import { StateWord, type Tone } from '../../components/state-word.tsx';
import { TableFrame } from '../../components/table-frame.tsx';
import { paths } from '../../paths.ts';
import { DeadLetters } from './dead-letters.tsx';
import { EditRoute, sourceWords } from './edit-route.tsx';
import { HubStrip } from './hub-strip.tsx';
import { destinationWords, NewDestinationDialog } from './new-destination.tsx';
import { NewEnrichment } from './new-enrichment.tsx';
import { WithHub } from './with-hub.tsx';

const useStyles = makeStyles({
  section: { display: 'flex', flexDirection: 'column', gap: '12px', minWidth: 0 },
  head: { display: 'flex', flexWrap: 'wrap', alignItems: 'center', gap: '12px' },
  push: { marginLeft: 'auto' },
  content: { display: 'flex', flexDirection: 'column', gap: '12px' },
});

const title = 'Message routing';

/** Where the events of a hub go. */
export function HubRoutingPage() {
  return <WithHub title={title}>{(hub) => <Routing key={hub.name} hub={hub} />}</WithHub>;
}

function Routing({ hub }: { hub: Hub }) {
  const routing = useHubRouting(hub.name);
  return (
    <Page
      title={title}
      crumbs={[{ label: 'IoT hubs', to: paths.hubs() }]}
      intro="Routes choose which events go where. Each destination gets its events in order and at its own pace."
    >
      <HubStrip hub={hub} />
      {routing.isError && (
        <ErrorMessage title="The routes could not be loaded" error={routing.error} onRetry={() => void routing.refetch()} />
      )}
      {routing.isPending && <Loading />}
      {routing.data && <Parts hub={hub.name} routing={routing.data} />}
    </Page>
  );
}

/** What is open on top of the page. */
type Opened =
  | { kind: 'route'; present?: HubRoute }
  | { kind: 'destination' }
  | { kind: 'enrichment' }
  | { kind: 'delete'; part: RoutingPart; name: string };

function Parts({ hub, routing }: { hub: string; routing: HubRouting }) {
  const mayWrite = useMay('hubs.write');
  const [opened, setOpened] = useState<Opened>();
  const close = () => setOpened(undefined);
  const destinations = routing.destinations.map(({ name }) => name);
  const remove = (part: RoutingPart, name: string) => (
    <Button
      appearance="subtle"
      size="small"
      icon={<DeleteRegular />}
      aria-label={`Delete ${name}`}
      onClick={() => setOpened({ kind: 'delete', part, name })}
    />
  );
  return (
    <>
      <Section
        label="Routes"
        empty="Without a route, all telemetry goes to the hub’s own endpoint, and nothing else does."
        add={mayWrite && { label: 'Add route', onClick: () => setOpened({ kind: 'route' }) }}
        isEmpty={routing.routes.length === 0}
      >
        <DetailTable
          label="Routes"
          columns={routeColumns}
          rows={routing.routes}
          keyOf={({ name }) => name}
          nameOf={({ name }) => `Route ${name}`}
          detail={({ name, condition }) => <JsonView label={`Condition of ${name}`} text={condition || 'Every event'} />}
          actions={
            mayWrite
              ? (route) => (
                  <>
                    <Button
                      appearance="subtle"
                      size="small"
                      icon={<EditRegular />}
                      aria-label={`Change ${route.name}`}
                      onClick={() => setOpened({ kind: 'route', present: route })}
                    />
                    {remove('routes', route.name)}
                  </>
                )
              : undefined
          }
        />
      </Section>
      <Fallback hub={hub} isEnabled={routing.isFallbackEnabled} mayWrite={mayWrite} />
      <Section
        label="Destinations"
        empty="A destination is a webhook, a broker that speaks AMQP, or files of the hub: somewhere that routes can lead to."
        add={mayWrite && { label: 'Add destination', onClick: () => setOpened({ kind: 'destination' }) }}
        isEmpty={routing.destinations.length === 0}
      >
        <DetailTable
          label="Destinations"
          columns={destinationColumns}
          rows={routing.destinations}
          keyOf={({ name }) => name}
          nameOf={({ name }) => `Destination ${name}`}
          detail={(destination) => <DestinationDetail hub={hub} destination={destination} mayWrite={mayWrite} />}
          actions={mayWrite ? ({ name }) => remove('destinations', name) : undefined}
        />
      </Section>
      <Section
        label="Enrichments"
        empty="An enrichment adds a property to events on their way, such as a tag of the sender’s twin."
        add={mayWrite && { label: 'Add enrichment', onClick: () => setOpened({ kind: 'enrichment' }) }}
        isEmpty={routing.enrichments.length === 0}
      >
        <DetailTable
          label="Enrichments"
          columns={enrichmentColumns}
          rows={routing.enrichments}
          keyOf={({ key }) => key}
          nameOf={({ key }) => `Enrichment ${key}`}
          detail={({ key, value }) => <JsonView label={`Value of ${key}`} text={value} />}
          actions={mayWrite ? ({ key }) => remove('enrichments', key) : undefined}
        />
      </Section>
      {opened?.kind === 'route' && (
        <EditRoute hub={hub} destinations={destinations} {...(opened.present && { present: opened.present })} onClose={close} />
      )}
      {opened?.kind === 'destination' && <NewDestinationDialog hub={hub} onClose={close} />}
      {opened?.kind === 'enrichment' && <NewEnrichment hub={hub} destinations={destinations} onClose={close} />}
      {opened?.kind === 'delete' && <DeletePart hub={hub} part={opened.part} name={opened.name} onClose={close} />}
    </>
  );
}

type SectionProps = {
  label: string;
  empty: string;
  isEmpty: boolean;
  add: false | { label: string; onClick: () => void };
  children: ReactNode;
};

function Section({ label, empty, isEmpty, add, children }: SectionProps) {
  const styles = useStyles();
  return (
    <section className={styles.section} aria-label={label}>
      <div className={styles.head}>
        <Subtitle2 as="h2">{label}</Subtitle2>
        {add && (
          <Button className={styles.push} icon={<AddRegular />} onClick={add.onClick}>
            {add.label}
          </Button>
        )}
      </div>
      {isEmpty ? (
        <TableFrame label={`${label}: none`}>
          <EmptyState title="None">{empty}</EmptyState>
        </TableFrame>
      ) : (
        children
      )}
    </section>
  );
}

function Fallback({ hub, isEnabled, mayWrite }: { hub: string; isEnabled: boolean; mayWrite: boolean }) {
  const set = useSetFallback(hub);
  return (
    <div>
      {set.isError && <ErrorMessage title="The fallback was not changed" error={set.error} />}
      <Switch
        label="Fallback: telemetry that no route takes goes to the hub’s own endpoint"
        // Until the page knows better, as it was asked for.
        checked={set.isPending ? set.variables : isEnabled}
        disabled={!mayWrite}
        onChange={(_event, data) => set.mutate(data.checked)}
      />
    </div>
  );
}

const routeColumns: readonly DetailColumn<HubRoute>[] = [
  { name: 'Name', cell: ({ name }) => name, title: ({ name }) => name },
  { name: 'Data source', isWide: true, width: '220px', cell: ({ source }) => sourceWords[source] ?? source },
  { name: 'Condition', isWide: true, cell: ({ condition }) => condition || 'Every event', title: ({ condition }) => condition },
  {
    name: 'Goes to',
    isWide: true,
    cell: ({ endpointNames }) => endpointNames.join(', '),
    title: ({ endpointNames }) => endpointNames.join(', '),
  },
  {
    name: 'Status',
    width: '120px',
    cell: ({ isEnabled }) => <StateWord tone={isEnabled ? 'good' : 'quiet'}>{isEnabled ? 'Enabled' : 'Disabled'}</StateWord>,
  },
];

const healthWords: Readonly<Record<HubDestination['health']['status'], readonly [Tone, string]>> = {
  unknown: ['quiet', 'Nothing sent yet'],
  healthy: ['good', 'Healthy'],
  degraded: ['warning', 'Catching up'],
  unhealthy: ['bad', 'Takes nothing'],
  dead: ['bad', 'Takes nothing for a day'],
};

/** What was put aside stands beside the health: a destination that takes everything else is not well. */
function HealthWord({ health: { status }, deadLetters }: HubDestination) {
  const [tone, word] = healthWords[status];
  return (
    <StateWord tone={deadLetters > 0 && tone !== 'bad' ? 'warning' : tone} isLong>
      {deadLetters === 0 ? word : `${word}, ${deadLetters} dead ${deadLetters === 1 ? 'letter' : 'letters'}`}
    </StateWord>
  );
}

function addressWords({ origin, address, fileNameFormat }: HubDestination): string {
  return [origin ?? fileNameFormat, address].filter(Boolean).join(' ');
}

const destinationColumns: readonly DetailColumn<HubDestination>[] = [
  { name: 'Name', cell: ({ name }) => name, title: ({ name }) => name },
  { name: 'Type', isWide: true, cell: ({ type }) => destinationWords[type] },
  {
    name: 'Address',
    isWide: true,
    cell: addressWords,
    title: addressWords,
  },
  {
    name: 'Health',
    cell: HealthWord,
  },
  {
    name: 'Dead letters',
    isWide: true,
    width: '130px',
    cell: ({ deadLetters }) => deadLetters,
  },
];

const enrichmentColumns: readonly DetailColumn<HubEnrichment>[] = [
  { name: 'Name', cell: ({ key }) => key, title: ({ key }) => key },
  { name: 'Value', cell: ({ value }) => value, title: ({ value }) => value },
  { name: 'Goes to', isWide: true, cell: ({ endpointNames }) => endpointNames.join(', ') },
];

function DestinationDetail({ hub, destination, mayWrite }: { hub: string; destination: HubDestination; mayWrite: boolean }) {
  const { name, health, deadLetters } = destination;
  const facts: Fact[] = [{ name: 'Still to read', value: `${health.behindBytes} bytes of the log` }];
  if (health.lastSuccessAt) facts.push({ name: 'Last taken', value: <RelativeTime at={health.lastSuccessAt} /> });
  if (health.lastErrorAt) facts.push({ name: 'Last failed', value: <RelativeTime at={health.lastErrorAt} /> });
  facts.push({ name: 'Dead letters', value: String(deadLetters) });
  return (
    <>
      <Facts facts={facts} />
      {health.lastError && (
        <StateWord tone="warning" isLong>
          {health.lastError}
        </StateWord>
      )}
      {health.hasLostEvents && (
        <StateWord tone="bad" isLong>
          It was away longer than the hub keeps events: some are lost for it.
        </StateWord>
      )}
      <DeadLetters hub={hub} destination={name} count={deadLetters} mayWrite={mayWrite} />
    </>
  );
}

const losses: Readonly<Record<RoutingPart, string>> = {
  routes: 'What it took goes where the other routes and the fallback say.',
  enrichments: 'Events go on without the property.',
  destinations: 'Its dead letters go with it. A destination to which a route leads stays.',
};

function DeletePart({ hub, part, name, onClose }: { hub: string; part: RoutingPart; name: string; onClose: () => void }) {
  const styles = useStyles();
  const remove = useDeleteRoutingPart(hub, part, name);
  return (
    <ConfirmDialog
      title={`Delete ${name}?`}
      verb={`Delete ${part.slice(0, -1)}`}
      onClose={onClose}
      onConfirm={() => remove.mutate(undefined, { onSuccess: onClose })}
    >
      <div className={styles.content}>
        {remove.isError && <ErrorMessage title="It was not deleted" error={remove.error} />}
        <span>{losses[part]}</span>
      </div>
    </ConfirmDialog>
  );
}
