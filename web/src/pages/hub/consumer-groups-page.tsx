import {
  Button,
  makeStyles,
  Table,
  TableBody,
  TableCell,
  TableHeader,
  TableHeaderCell,
  TableRow,
  tokens,
} from '@fluentui/react-components';
import { AddRegular } from '@fluentui/react-icons/svg/add';
import { DeleteRegular } from '@fluentui/react-icons/svg/delete';
import { useState } from 'react';
import type { ConsumerGroup, Hub } from '../../api/contract.ts';
import { useConsumerGroups, useCreateConsumerGroup, useDeleteConsumerGroup } from '../../api/hub-overview.ts';
import { useMay } from '../../api/session.ts';
import { CodeText } from '../../components/code-text.tsx';
import { ConfirmDialog } from '../../components/confirm-dialog.tsx';
import { ErrorMessage } from '../../components/error-message.tsx';
import { Loading } from '../../components/loading.tsx';
import { NameDialog } from '../../components/name-dialog.tsx';
import { Page } from '../../components/page.tsx';
import { RelativeTime } from '../../components/relative-time.tsx';
import { TableFrame } from '../../components/table-frame.tsx';
import { paths } from '../../paths.ts';
import { HubStrip } from './hub-strip.tsx';
import { WithHub } from './with-hub.tsx';

const useStyles = makeStyles({
  name: { fontWeight: tokens.fontWeightSemibold },
  created: { width: '170px', '@media (max-width: 640px)': { width: '120px' } },
  action: { width: '56px' },
  content: { display: 'flex', flexDirection: 'column', gap: '12px' },
});

const title = 'Consumer groups';

/** Who reads a hub's events apart from the others. */
export function ConsumerGroupsPage() {
  return <WithHub title={title}>{(hub) => <Groups key={hub.name} hub={hub} />}</WithHub>;
}

function Groups({ hub }: { hub: Hub }) {
  const groups = useConsumerGroups(hub.name);
  const mayWrite = useMay('hubs.write');
  const [isOpen, setOpen] = useState(false);
  return (
    <Page
      title={title}
      crumbs={[{ label: 'IoT hubs', to: paths.hubs() }]}
      actions={
        mayWrite && (
          <Button appearance="primary" icon={<AddRegular />} aria-label="+ Create" onClick={() => setOpen(true)}>
            Create
          </Button>
        )
      }
      intro="Each program that reads the hub’s events takes a group of its own, so that it has every event whatever the others read."
    >
      <HubStrip hub={hub} />
      {groups.isError && (
        <ErrorMessage title="The groups could not be loaded" error={groups.error} onRetry={() => void groups.refetch()} />
      )}
      {groups.isPending && <Loading />}
      {groups.data && <GroupTable hub={hub.name} groups={groups.data} mayWrite={mayWrite} />}
      {isOpen && <NewGroup hub={hub.name} onClose={() => setOpen(false)} />}
    </Page>
  );
}

function NewGroup({ hub, onClose }: { hub: string; onClose: () => void }) {
  const create = useCreateConsumerGroup(hub);
  return (
    <NameDialog
      title="Create a consumer group"
      hint="At most 50 letters, digits, dots, hyphens and underscores."
      failure="The group was not created"
      create={create}
      problemOf={(name) => (name === '' ? 'Enter a name.' : undefined)}
      onClose={onClose}
    />
  );
}

function GroupTable({ hub, groups, mayWrite }: { hub: string; groups: readonly ConsumerGroup[]; mayWrite: boolean }) {
  const styles = useStyles();
  const [doomed, setDoomed] = useState<string>();
  return (
    <>
      <TableFrame label={title}>
        <Table aria-label={title}>
          <TableHeader>
            <TableRow>
              <TableHeaderCell>Name</TableHeaderCell>
              <TableHeaderCell className={styles.created}>Created</TableHeaderCell>
              {mayWrite && <TableHeaderCell className={styles.action} aria-label="Delete" />}
            </TableRow>
          </TableHeader>
          <TableBody>
            {groups.map(({ name, createdAt, isAlwaysThere }) => (
              <TableRow key={name}>
                <TableCell className={styles.name}>
                  <CodeText text={name} copyLabel={`Copy ${name}`} />
                </TableCell>
                <TableCell className={styles.created}>
                  <RelativeTime at={createdAt} />
                </TableCell>
                {mayWrite && (
                  <TableCell className={styles.action}>
                    {!isAlwaysThere && (
                      <Button
                        appearance="subtle"
                        icon={<DeleteRegular />}
                        aria-label={`Delete ${name}`}
                        title={`Delete ${name}`}
                        onClick={() => setDoomed(name)}
                      />
                    )}
                  </TableCell>
                )}
              </TableRow>
            ))}
          </TableBody>
        </Table>
      </TableFrame>
      {doomed !== undefined && <DeleteGroup hub={hub} name={doomed} onClose={() => setDoomed(undefined)} />}
    </>
  );
}

function DeleteGroup({ hub, name, onClose }: { hub: string; name: string; onClose: () => void }) {
  const styles = useStyles();
  const remove = useDeleteConsumerGroup(hub, name);
  return (
    <ConfirmDialog
      title={`Delete ${name}?`}
      verb="Delete group"
      onClose={onClose}
      onConfirm={() => remove.mutate(undefined, { onSuccess: onClose })}
    >
      <div className={styles.content}>
        {remove.isError && <ErrorMessage title="The group was not deleted" error={remove.error} />}
        <span>Whoever reads with it is sent away. The events stay for the other groups.</span>
      </div>
    </ConfirmDialog>
  );
}
