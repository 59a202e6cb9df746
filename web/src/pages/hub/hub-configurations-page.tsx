import { Button, makeStyles } from '@fluentui/react-components';
import { AddRegular } from '@fluentui/react-icons/svg/add';
import { DeleteRegular } from '@fluentui/react-icons/svg/delete';
import { EditRegular } from '@fluentui/react-icons/svg/edit';
import { OptionsRegular } from '@fluentui/react-icons/svg/options';
import { useState } from 'react';
import type { Hub, HubConfiguration } from '../../api/contract.ts';
import { useDeleteHubConfiguration, useHubConfigurations } from '../../api/hub-jobs.ts';
import { useMay } from '../../api/session.ts';
import { ConfirmDialog } from '../../components/confirm-dialog.tsx';
import { type DetailColumn, DetailTable } from '../../components/detail-table.tsx';
import { EmptyState } from '../../components/empty-state.tsx';
import { ErrorMessage } from '../../components/error-message.tsx';
import { Facts } from '../../components/facts.tsx';
import { JsonView } from '../../components/json-view.tsx';
import { Loading } from '../../components/loading.tsx';
import { Page } from '../../components/page.tsx';
import { TableFrame } from '../../components/table-frame.tsx';
import { paths } from '../../paths.ts';
import { EditConfiguration } from './edit-configuration.tsx';
import { HubStrip } from './hub-strip.tsx';
import { WithHub } from './with-hub.tsx';

const useStyles = makeStyles({ content: { display: 'flex', flexDirection: 'column', gap: '12px' } });

const title = 'Configurations';

/** What devices are given by themselves, as soon as it is meant for them. */
export function HubConfigurationsPage() {
  return <WithHub title={title}>{(hub) => <Configurations key={hub.name} hub={hub} />}</WithHub>;
}

/** What is open on top of the page. */
type Opened = { kind: 'create' } | { kind: 'edit' | 'delete'; configuration: HubConfiguration };

function Configurations({ hub }: { hub: Hub }) {
  const configurations = useHubConfigurations(hub.name);
  const mayWrite = useMay('hub-devices.write');
  const [opened, setOpened] = useState<Opened>();
  const close = () => setOpened(undefined);
  return (
    <Page
      title={title}
      crumbs={[{ label: 'IoT hubs', to: paths.hubs() }]}
      actions={
        mayWrite && (
          <Button appearance="primary" icon={<AddRegular />} aria-label="+ Create" onClick={() => setOpened({ kind: 'create' })}>
            Create
          </Button>
        )
      }
      intro="Each device gets the content of the configuration of the highest priority that is meant for it, and again when either changes."
    >
      <HubStrip hub={hub} />
      {configurations.isError && (
        <ErrorMessage
          title="The configurations could not be loaded"
          error={configurations.error}
          onRetry={() => void configurations.refetch()}
        />
      )}
      {configurations.isPending && <Loading />}
      {configurations.data?.length === 0 && (
        <TableFrame label={title}>
          <EmptyState
            icon={<OptionsRegular />}
            title="No configuration yet"
            {...(mayWrite && { action: <Button onClick={() => setOpened({ kind: 'create' })}>Create a configuration</Button> })}
          >
            A configuration writes desired properties to every device whose tags fit its condition.
          </EmptyState>
        </TableFrame>
      )}
      {configurations.data && configurations.data.length > 0 && (
        <DetailTable
          label={title}
          columns={columns}
          rows={configurations.data}
          keyOf={({ id }) => id}
          nameOf={({ id }) => `Configuration ${id}`}
          detail={(configuration) => <Detail configuration={configuration} />}
          actions={
            mayWrite
              ? (configuration) => (
                  <>
                    <Button
                      appearance="subtle"
                      size="small"
                      icon={<EditRegular />}
                      aria-label={`Change ${configuration.id}`}
                      onClick={() => setOpened({ kind: 'edit', configuration })}
                    />
                    <Button
                      appearance="subtle"
                      size="small"
                      icon={<DeleteRegular />}
                      aria-label={`Delete ${configuration.id}`}
                      onClick={() => setOpened({ kind: 'delete', configuration })}
                    />
                  </>
                )
              : undefined
          }
        />
      )}
      {opened?.kind === 'create' && <EditConfiguration hub={hub.name} onClose={close} />}
      {opened?.kind === 'edit' && <EditConfiguration hub={hub.name} present={opened.configuration} onClose={close} />}
      {opened?.kind === 'delete' && <DeleteConfiguration hub={hub.name} id={opened.configuration.id} onClose={close} />}
    </Page>
  );
}

const columns: readonly DetailColumn<HubConfiguration>[] = [
  { name: 'ID', cell: ({ id }) => id, title: ({ id }) => id },
  {
    name: 'Target condition',
    isWide: true,
    cell: ({ targetCondition }) => targetCondition || 'None',
    title: ({ targetCondition }) => targetCondition,
  },
  { name: 'Priority', isWide: true, cell: ({ priority }) => priority },
  { name: 'Applied', cell: ({ systemMetrics: { results } }) => `${results.appliedCount ?? 0} of ${results.targetedCount ?? 0}` },
];

function Detail({ configuration: { id, content, metrics, systemMetrics } }: { configuration: HubConfiguration }) {
  const counted = Object.entries({ ...systemMetrics.results, ...metrics.results });
  return (
    <>
      {counted.length > 0 && <Facts facts={counted.map(([name, count]) => ({ name, value: String(count) }))} />}
      <JsonView label={`Content of ${id}`} text={JSON.stringify(content, null, 2)} />
    </>
  );
}

function DeleteConfiguration({ hub, id, onClose }: { hub: string; id: string; onClose: () => void }) {
  const styles = useStyles();
  const remove = useDeleteHubConfiguration(hub, id);
  return (
    <ConfirmDialog
      title={`Delete ${id}?`}
      verb="Delete configuration"
      onClose={onClose}
      onConfirm={() => remove.mutate(undefined, { onSuccess: onClose })}
    >
      <div className={styles.content}>
        {remove.isError && <ErrorMessage title="The configuration was not deleted" error={remove.error} />}
        <span>What it wrote to devices stays, unless another configuration takes its place.</span>
      </div>
    </ConfirmDialog>
  );
}
